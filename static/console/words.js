// Every word that a script shows comes through `t`: the server has put them, translated, into the page.
const catalogue = JSON.parse(document.getElementById('words')?.textContent ?? '{}');

/** The text of a key, with `{name}` replaced. */
export function t(key, values = {}) {
  const text = catalogue[key];
  if (text === undefined) throw new Error(`no text for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}
