// Every word a person reads comes through `t`. A catalogue is a module of locale/; another language is another file there.
import english from './locale/en.js';

const CATALOGUES = { en: english };
const asked = globalThis.document?.documentElement.lang || 'en';
export const language = CATALOGUES[asked] ? asked : CATALOGUES[asked.split('-')[0]] ? asked.split('-')[0] : 'en';
/** How dates and numbers are written: plain English is that of the 24 hour clock and the day before the month. */
export const locale = asked === 'en' ? 'en-GB' : asked;
const catalogue = CATALOGUES[language];
const plural = new Intl.PluralRules(language);
const number = new Intl.NumberFormat(locale);

function message(key, values) {
  const entry = catalogue[key] ?? english[key];
  if (entry === undefined) throw new Error(`no text for ${key}`);
  if (typeof entry === 'string') return entry;
  return entry[values.n === 0 && entry.zero !== undefined ? 'zero' : plural.select(values.n)] ?? entry.other;
}

/** The text of a key, with `{name}` replaced; `n` also chooses the plural form. */
export function t(key, values = {}) {
  return message(key, values).replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === 'number' ? number.format(values[name]) : (values[name] ?? '')));
}

/** Like `t`, for texts with elements inside: gives a list of texts and elements. */
export function parts(key, values) {
  return message(key, values)
    .split(/\{(\w+)\}/)
    .map((piece, n) => (n % 2 ? values[piece] : piece))
    .filter((piece) => piece !== '');
}

export const count = (n) => number.format(n);

/** The server counts what is unread no further than this. */
export const COUNTED_TO = 1000;
/** A number of unread ones as it is shown; one that was not counted to its end says so. */
export const counted = (n, more = n >= COUNTED_TO) => `${count(n)}${more ? '+' : ''}`;
