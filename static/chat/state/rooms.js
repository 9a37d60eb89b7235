// Rooms: what the server says of each, and what must vanish when one is lost.
import { EMPTY } from './timeline.js';

const without = (map, gone) => Object.fromEntries(Object.entries(map).filter(([key]) => !gone(key)));

/** Everything of a room leaves every store: messages, threads, members, explanations, drafts, what waits to be sent. */
export function forget(state, room) {
  const threads = Object.keys(state.threads).filter((id) => state.threads[id].info?.room === room);
  const keys = new Set([room, ...threads]);
  return {
    ...state,
    rooms: without(state.rooms, (id) => id === room),
    timelines: without(state.timelines, (id) => id === room),
    threads: without(state.threads, (id) => keys.has(id)),
    threadList: state.threadList && { ...state.threadList, items: state.threadList.items.filter((thread) => thread.room !== room) },
    roomThreads: without(state.roomThreads, (id) => id === room),
    members: without(state.members, (id) => id === room),
    access: without(state.access, (id) => id === room),
    audience: without(state.audience, (key) => key.startsWith(`${room}|`)),
    typing: without(state.typing, (id) => keys.has(id)),
    drafts: without(state.drafts, (id) => keys.has(id)),
    editing: without(state.editing, (id) => keys.has(id)),
    outbox: state.outbox.filter((item) => item.room !== room),
    notes: state.notes.filter((note) => note.room !== room),
    overlay: state.overlay?.room === room ? null : state.overlay,
  };
}

/** What goes from this device with a room: so that nothing is said to be lost that was never there. */
function takenWith(state, room) {
  const threads = Object.keys(state.threads).filter((id) => state.threads[id].info?.room === room);
  return {
    messages: Boolean(state.timelines[room]?.order.length) || threads.some((id) => state.threads[id].timeline.order.length > 0),
    unsent: [room, ...threads].some((place) => state.drafts[place]?.text) || state.outbox.some((item) => item.room === room && item.status !== 'sent'),
  };
}

/** The content of a room goes, the room and its draft stay: it cannot be checked, or asks for a confirmation. */
function covered(state, room, cover) {
  if (!state.rooms[room]) return state;
  const bare = forget({ ...state, rooms: {} }, room);
  return {
    ...bare, drafts: state.drafts, outbox: state.outbox, overlay: state.overlay?.room === room && state.overlay.kind !== 'step_up' ? null : state.overlay,
    rooms: { ...state.rooms, [room]: { ...state.rooms[room], access: { ...state.rooms[room].access, state: cover.state }, cover } },
  };
}

const patched = (state, id, patch) => (state.rooms[id] ? { ...state, rooms: { ...state.rooms, [id]: { ...state.rooms[id], ...patch } } } : state);

export const roomHandlers = {
  'room.known': (state, { room, at = new Date().toISOString() }) => {
    if (room.access?.state === 'ended') return roomHandlers['room.left']({ ...state, rooms: { ...state.rooms, [room.id]: room } }, { room: room.id, reason: room.access.reason, decision: room.access.decision, at });
    const cover = room.access?.state === 'permitted' ? null : (state.rooms[room.id]?.cover ?? { state: room.access?.state, reason: room.access?.reason ?? null, since: null });
    return { ...state, rooms: { ...state.rooms, [room.id]: { ...state.rooms[room.id], ...room, cover } }, ended: without(state.ended, (id) => id === room.id) };
  },
  'room.patched': (state, { room, patch }) => patched(state, room, patch),
  'room.left': (state, { room, reason, decision, at }) => {
    const known = state.rooms[room];
    if (!known) return state;
    const bare = forget(state, room);
    if (reason?.code === 'left') return bare;
    const { kind, name, marking } = known;
    return { ...bare, ended: { ...bare.ended, [room]: { id: room, kind, name, marking, favourite: known.favourite, reason, decision: decision ?? null, at, taken: takenWith(state, room) } } };
  },
  'room.forgotten': (state, { room }) => forget(state, room),
  'room.ended.closed': (state, { room }) => ({ ...state, ended: without(state.ended, (id) => id === room) }),
  'room.covered': (state, { room, cover, reason, at }) => covered(state, room, { state: cover, reason: reason ?? null, since: at }),
  'room.uncovered': (state, { room }) => {
    const known = state.rooms[room];
    if (!known) return state;
    return patched(state, room, { cover: null, access: { ...known.access, state: 'permitted' } });
  },
  'room.read': (state, { room, message, unread, mentions }) => {
    const patch = { unread, mentions };
    if (message) patch.last_read = message;
    return patched(state, room, patch);
  },
  'room.checking': (state, { room, on }) => patched(state, room, { checking: on }),
  'members.known': (state, { room, members, after, more }) => {
    const old = more ? (state.members[room]?.items ?? []) : [];
    const people = Object.fromEntries(members.map(({ person }) => [person.id, person]));
    const items = [...old, ...members.map((member) => ({ ...member, person: member.person.id }))];
    const next = after ? state : patched(state, room, { member_count: items.filter((member) => member.state !== 'suspended').length });
    return { ...next, people: { ...state.people, ...people }, members: { ...state.members, [room]: { items, after: after ?? null } } };
  },
  'members.stale': (state, { room, by = 0 }) => ({ ...patched(state, room, { member_count: Math.max(1, (state.rooms[room]?.member_count ?? 1) + by) }), members: without(state.members, (id) => id === room), audience: without(state.audience, (key) => key.startsWith(`${room}|`)) }),
  'person.known': (state, { person }) => ({ ...state, people: { ...state.people, [person.id]: { ...state.people[person.id], ...person } } }),
  'people.known': (state, { people }) => ({ ...state, people: { ...state.people, ...Object.fromEntries(people.map((person) => [person.id, { ...state.people[person.id], ...person }])) } }),
  'presence': (state, { user, presence }) => {
    if (!state.people[user]) return state;
    const me = state.me?.id === user ? { ...state.me, presence } : state.me;
    return { ...state, me, people: { ...state.people, [user]: { ...state.people[user], presence } } };
  },
  'typing.seen': (state, { place, user, until }) => ({ ...state, typing: { ...state.typing, [place]: { ...state.typing[place], [user]: until } } }),
  'typing.over': (state, { place, user }) => (state.typing[place]?.[user] ? { ...state, typing: { ...state.typing, [place]: without(state.typing[place], (id) => id === user) } } : state),
  'typing.aged': (state, { now }) => {
    if (!Object.keys(state.typing).length) return state;
    const fresh = Object.entries(state.typing).map(([place, users]) => [place, without(users, (user) => users[user] <= now)]);
    return { ...state, typing: Object.fromEntries(fresh.filter(([, users]) => Object.keys(users).length)) };
  },
  'access.known': (state, { room, access }) => ({ ...state, access: { ...state.access, [room]: access } }),
  'audience.known': (state, { room, marking, audience }) => ({ ...state, audience: { ...state.audience, [`${room}|${marking}`]: audience } }),
};

export { EMPTY };
