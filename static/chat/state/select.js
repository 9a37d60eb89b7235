// What views ask of the state.
import { COUNTED_TO } from '../i18n.js';
import { highest, markOf } from '../marks.js';

const byName = (one, other) => one.name.localeCompare(other.name, undefined, { numeric: true, sensitivity: 'base' });

/** A room's name: a direct message is called after the other person. */
export function nameOf(state, room) {
  if (room.kind !== 'direct' && room.name) return room.name;
  const others = (room.people ?? []).filter((id) => id !== state.me?.id);
  return (others.length ? others : (room.people ?? [])).map((id) => state.people[id]?.name ?? '?').join(', ') || room.name;
}

/** The person on the other side of a direct message. */
export function otherOf(state, room) {
  const id = (room.people ?? []).find((person) => person !== state.me?.id) ?? room.people?.[0];
  return state.people[id];
}

const GROUPS = [
  ['favourites', (room) => room.favourite],
  ['incidents', (room) => room.kind === 'incident'],
  ['channels', (room) => room.kind === 'public' || room.kind === 'private'],
  ['groups', (room) => room.kind === 'group'],
  ['direct', (room) => room.kind === 'direct'],
];

/** The rooms of the list in their groups; a group without rooms is left out, save the channels. */
export function groupsOf(state) {
  const all = [...Object.values(state.rooms), ...Object.values(state.ended).map((ended) => ({ ...ended, gone: true, unread: 0, mentions: 0 }))]
    .filter((room) => room.state !== 'archived' || room.id === state.route.room)
    .map((room) => ({ ...room, name: nameOf(state, room) }))
    .sort(byName);
  const taken = new Set();
  return GROUPS.map(([key, belongs]) => {
    const rooms = all.filter((room) => !taken.has(room.id) && belongs(room));
    rooms.forEach((room) => taken.add(room.id));
    return { key, rooms };
  }).filter(({ key, rooms }) => rooms.length || key === 'channels');
}

/** What a room may show as unread: of a muted one only what concerns me. */
export const countOf = (room) => (room.muted ? room.mentions : room.unread);
export const isMention = (room) => room.mentions > 0 || (room.kind === 'direct' && room.unread > 0);

/** A sum, and whether it may be more: one of its parts was not counted to its end. */
const sumOf = (counts) => ({ n: counts.reduce((sum, n) => sum + n, 0), more: counts.some((n) => n >= COUNTED_TO) });

export function totals(state) {
  const rooms = Object.values(state.rooms);
  return {
    unread: sumOf(rooms.map(countOf)),
    mentions: sumOf(rooms.map((room) => room.mentions || (room.kind === 'direct' ? room.unread : 0))),
    threads: (state.threadList?.items ?? []).filter((thread) => thread.unread).length,
  };
}

/** Rooms in the order of the list, for Alt Up and Alt Down. */
export const inOrder = (state) => groupsOf(state).flatMap((group) => group.rooms).filter((room) => !room.gone);

/** Whether the content of a room may be on the screen now. */
export const readable = (room) => Boolean(room) && !room.cover && room.access.state === 'permitted';

/** The highest marking of anything on the screen. */
export function screenMark(state) {
  if (!state.workspace) return null;
  const { route } = state;
  const room = state.rooms[route.room];
  const shown = (timeline) => (timeline?.order ?? []).map((id) => timeline.messages[id]).flatMap((message) => (message.view === 'withheld' ? [] : [message.marking, ...message.parts.filter((part) => !part.withheld).map((part) => part.marking)]));
  const names = new Set();
  if (room && readable(room)) {
    names.add(room.marking);
    shown(state.timelines[room.id]).forEach((name) => names.add(name));
  }
  const thread = state.threads[route.panel?.thread];
  if (thread?.info && readable(state.rooms[thread.info.room])) {
    names.add(state.rooms[thread.info.room].marking);
    shown(thread.timeline).forEach((name) => names.add(name));
  }
  if (!names.size) Object.values(state.rooms).filter(readable).forEach((known) => names.add(known.marking));
  if (!names.size) names.add(state.workspace.markings[0]?.name);
  return highest(state.workspace, [...names].filter((name) => name !== undefined && name !== null));
}

/** The markings of the workspace, each with why it is off here: above what the room holds, or not the person's to post. */
export function choices(state, room) {
  const ceiling = markOf(state.workspace, room.marking).rank;
  const off = (name, rank) => (rank > ceiling ? 'above' : mayPost(room, name) ? null : 'refused');
  return state.workspace.markings.map(({ name }, rank) => ({ ...markOf(state.workspace, name), default: name === room.marking, off: off(name, rank) }));
}

/** Whether the person may post at this marking; each message is judged again by the server. */
export const mayPost = (room, marking) => Boolean(room.post_markings?.includes(marking));

/** The marking that a new message starts with: the room's own, else the highest that the person may post at. */
export function startingMark(state, room) {
  if (mayPost(room, room.marking)) return room.marking;
  return highest(state.workspace, room.post_markings ?? [])?.name ?? room.marking;
}

/** When the last answer about this room stops counting, if nothing more is heard from the server. */
export function leaseEnd(state, room) {
  const seconds = room.access.lease_seconds ?? state.leaseSeconds;
  return (state.connection.lastSync ?? 0) + seconds * 1000;
}

/** Whether the person may write here at all; each message is judged again by the server. */
export const writes = (room) => can(room, 'room:message:post') && room.state !== 'archived';
export const keeps = (room) => ['owner', 'moderator'].includes(room?.role);
export const can = (room, action) => Boolean(room?.powers?.includes(action));
/** Who keeps the members also sees who stands in the room without access to it. */
export const hasPowerOverMembers = (room) => can(room, 'room:member:remove') || can(room, 'room:member:set_role');
export const hasPower = (state, flag) => Boolean(state.me?.powers?.includes(flag));
