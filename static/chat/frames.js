// What the server says unasked, frame by frame.
import { t } from './i18n.js';
import { nameOf, readable } from './state/select.js';

export function createFrames({ store, gaps, act, announcer, tabs }) {
  const { dispatch } = store;
  const own = (user) => user === store.state.me?.id;
  const isOpen = (room) => store.state.route.view === 'room' && store.state.route.room === room;
  const focused = () => document.visibilityState === 'visible' && document.hasFocus();

  function announce(room, message) {
    const { state } = store;
    if (!isOpen(room) || !focused() || own(message.author) || (message.in_thread && !message.also_to_room)) return;
    announcer.message({ author: state.people[message.author]?.name ?? '', message, defaultMarking: state.rooms[room].marking });
  }

  const events = {
    'message.posted': (room, message) => {
      dispatch({ type: 'message.posted', room, message, mine: own(message.author) });
      dispatch({ type: 'typing.over', place: message.in_thread ?? room, user: message.author });
      announce(room, message);
      if (message.in_thread && !own(message.author)) act.threads.refreshSoon();
    },
    'message.changed': (room, message) => dispatch({ type: 'message.changed', room, message }),
  };

  const COUNTS = { joined: 1, returned: 1, left: -1, revoked: -1 };
  const NOTES = { revoked: 'revoked', returned: 'returned', joined: 'joined', left: 'left' };

  const frames = {
    event(frame) {
      if (!gaps.admits(frame)) return;
      events[frame.kind]?.(frame.room, frame.data);
    },
    'room.joined': ({ room }) => {
      const back = store.state.ended[room.id];
      dispatch({ type: 'room.known', room });
      if (back) announcer.say(t('live.returned', { room: nameOf(store.state, room) }));
      if (isOpen(room.id)) act.rooms.load(room.id);
    },
    'room.changed': ({ room }) => {
      const before = store.state.rooms[room.id];
      if (before && room.access.state === 'ended') {
        lost({ room: room.id, reason: room.access.reason, decision: room.access.decision, at: new Date().toISOString() });
        return;
      }
      dispatch({ type: 'room.known', room: { ...room, cursor: before?.cursor ?? room.cursor } });
      if (before && !readable(before) && readable(store.state.rooms[room.id]) && isOpen(room.id)) act.rooms.load(room.id);
    },
    'room.left': ({ room, reason, decision }) => {
      lost({ room, reason, decision: decision ?? null, at: new Date().toISOString() });
      tabs.left({ room, reason, decision: decision ?? null, at: new Date().toISOString() });
    },
    'room.covered': ({ room, state, reason }) => {
      dispatch({ type: 'room.covered', room, cover: state, reason, at: Date.now() });
      announcer.forget();
      if (isOpen(room) && state === 'unavailable') announcer.alert(t('live.covered'));
      if (isOpen(room) && state === 'step_up') act.account.askStepUp({ room });
    },
    'room.uncovered': ({ room }) => {
      dispatch({ type: 'room.uncovered', room });
      act.outbox.pump();
      if (isOpen(room)) act.rooms.load(room);
    },
    'members.changed': ({ room, user, change, by }) => {
      dispatch({ type: 'person.known', person: user });
      dispatch({ type: 'members.stale', room, by: own(user.id) ? 0 : (COUNTS[change] ?? 0) });
      if (NOTES[change]) dispatch({ type: 'note.added', note: { id: `note-${Date.now()}-${user.id}`, room, user: user.id, change: NOTES[change], by, at: new Date().toISOString() } });
      if (isOpen(room) && store.state.route.panel?.kind === 'members') act.people.members(room);
    },
    typing: ({ room, user, thread }) => !own(user) && dispatch({ type: 'typing.seen', place: thread ?? room, user, until: Date.now() + 6000 }),
    presence: ({ user, state }) => dispatch({ type: 'presence', user, presence: state }),
    read: ({ room, thread, message, last_read: lastRead, unread, mentions }) => {
      if (thread) act.threads.refreshSoon();
      else dispatch({ type: 'room.read', room, message: message ?? lastRead, unread, mentions });
    },
    permissions: ({ powers, rooms }) => dispatch({ type: 'powers', powers, rooms }),
    head: ({ rooms }) => gaps.compare(rooms),
  };

  /** Live loss of access: first nothing is drawn any more, then every store of this tab is emptied. */
  function lost(news) {
    const room = store.state.rooms[news.room];
    if (!room) return;
    const name = nameOf(store.state, room);
    const open = isOpen(news.room);
    dispatch({ ...news, type: 'room.left' });
    announcer.forget();
    if (open && news.reason?.code !== 'left') announcer.alert(t('live.ended', { room: name }));
    if (open && news.reason?.code === 'left') act.go({ view: 'home', room: null, panel: null });
  }

  return {
    lost,
    receive(frame) {
      dispatch({ type: 'connection.synced', at: Date.now() });
      frames[frame.t]?.(frame);
    },
  };
}
