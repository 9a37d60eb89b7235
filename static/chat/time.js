// Times as people of this product read them: 24 hours, the day in words, to the second where it matters.
import { locale, t } from './i18n.js';

const HOUR = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const clock = new Intl.DateTimeFormat(locale, HOUR);
const exact = new Intl.DateTimeFormat(locale, { ...HOUR, second: '2-digit' });
const date = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long' });
const dateWithYear = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' });
const weekday = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
const withYear = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' });
const short = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
const shortWithYear = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' });

const ofThisYear = (at, now) => new Date(at).getFullYear() === new Date(now).getFullYear();
export const hourOf = (at) => clock.format(new Date(at));
export const secondOf = (at) => exact.format(new Date(at));
export const dayKey = (at) => new Date(at).toDateString();
export const fullOf = (at) => full.format(new Date(at));
export const dateOf = (at, now = Date.now()) => (ofThisYear(at, now) ? date : dateWithYear).format(new Date(at));

/** The heading of a day. */
export function dayOf(at, now = Date.now()) {
  const day = new Date(at);
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0) return t('day.today', { day: weekday.format(day) });
  if (days === 1) return t('day.yesterday', { day: weekday.format(day) });
  return ofThisYear(at, now) ? weekday.format(day) : withYear.format(day);
}

/** The hour today, else the day, with its year when that is not this one. */
export function when(at, now = Date.now()) {
  if (dayKey(at) === dayKey(now)) return hourOf(at);
  return `${(ofThisYear(at, now) ? short : shortWithYear).format(new Date(at))} ${hourOf(at)}`;
}

/** How long ago, in the largest unit that fits. */
export function ago(seconds) {
  if (seconds < 60) return t('ago.seconds', { n: Math.round(seconds) });
  if (seconds < 3600) return t('ago.minutes', { n: Math.round(seconds / 60) });
  if (seconds < 86_400) return t('ago.hours', { n: Math.round(seconds / 3600) });
  return t('ago.days', { n: Math.round(seconds / 86_400) });
}
