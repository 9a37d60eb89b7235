// Where the reader is, as a fragment of the address: ids only, so that no name lands in the history of the browser.
//   #/  #/unread  #/mentions  #/threads  #/r/<room>[/access|members|about|threads]  #/r/<room>/t/<thread>
const VIEWS = new Set(['unread', 'mentions', 'threads']);
const PANELS = new Set(['access', 'members', 'about', 'threads']);

export function parseRoute(hash) {
  const [first, room, third, fourth] = hash.replace(/^#\/?/, '').split('/');
  if (VIEWS.has(first)) return { view: first, room: null, panel: null };
  if (first !== 'r' || !room) return { view: 'home', room: null, panel: null };
  if (third === 't' && fourth) return { view: 'room', room, panel: { kind: 'thread', thread: fourth } };
  return { view: 'room', room, panel: PANELS.has(third) ? { kind: third } : null };
}

export function hashOf({ view, room, panel }) {
  if (view !== 'room') return view === 'home' ? '#/' : `#/${view}`;
  if (!panel) return `#/r/${room}`;
  return panel.kind === 'thread' ? `#/r/${room}/t/${panel.thread}` : `#/r/${room}/${panel.kind}`;
}

export const sameRoute = (one, other) => hashOf(one) === hashOf(other);
