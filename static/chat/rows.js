// The rows of a message list: days, the "new" line, system lines, messages, what is not confirmed yet. Pure.
import { COUNTED_TO } from './i18n.js';
import { dayKey } from './time.js';

const TOGETHER = 5 * 60_000;

const follows = (before, message) =>
  before && before.author === message.author && !before.deleted && dayKey(before.at) === dayKey(message.at) && new Date(message.at) - new Date(before.at) < TOGETHER;

function withNotes(messages, notes) {
  const rest = [...notes];
  const out = [];
  for (const message of messages) {
    while (rest.length && rest[0].at < message.at) out.push({ note: rest.shift() });
    out.push({ message });
  }
  return [...out, ...rest.map((note) => ({ note }))];
}

/** How many are new: those that are loaded where these are all, else as many as the server counts, else no number. */
function fresh({ moreAfter, unread }, loaded) {
  if (!moreAfter && loaded >= unread) return { n: loaded, more: false };
  return unread >= loaded ? { n: unread, more: unread >= COUNTED_TO } : { n: 0, more: false };
}

export function rowsOf({ timeline, notes = [], outbox = [], me, days = true }) {
  const messages = timeline.order.map((id) => timeline.messages[id]);
  const first = messages[0]?.at ?? '';
  const kept = notes.filter((note) => !timeline.moreAfter && note.at >= first);
  const rows = [];
  let before = null;
  let day = null;
  for (const { message, note } of withNotes(messages, kept)) {
    const at = message?.at ?? note.at;
    if (days && dayKey(at) !== day) {
      day = dayKey(at);
      rows.push({ key: `day-${day}`, kind: 'day', at });
      before = null;
    }
    if (note) {
      rows.push({ key: note.id, kind: 'note', note });
      before = null;
      continue;
    }
    if (message.id === timeline.firstUnread) {
      const loaded = messages.slice(timeline.order.indexOf(message.id)).filter((other) => other.author !== me).length;
      rows.push({ key: 'new', kind: 'new', ...fresh(timeline, loaded), since: message.at });
      before = null;
    }
    rows.push({ key: message.id, kind: 'message', message, first: !follows(before, message) });
    before = message;
  }
  for (const item of outbox) {
    if (item.message && timeline.messages[item.message]) continue;
    const at = item.at ?? new Date(item.createdAt).toISOString();
    rows.push({ key: item.clientId, kind: 'pending', item, at, first: !follows(before, { author: me, at }) });
    before = { author: me, at };
  }
  return rows;
}
