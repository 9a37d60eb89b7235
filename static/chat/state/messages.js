// Messages of rooms and threads.
import { personal, personalPage } from './personal.js';
import { EMPTY, added, appended, caughtUp, changed, prepended, replaced } from './timeline.js';

const inTimeline = (message) => !message.in_thread || message.also_to_room;
const put = (map, key, value) => ({ ...map, [key]: value });

function onTimeline(state, room, change) {
  const timeline = state.timelines[room];
  if (!timeline || timeline.status !== 'ready') return state;
  const next = change(timeline);
  return next === timeline ? state : { ...state, timelines: put(state.timelines, room, next) };
}

function onThread(state, id, change) {
  const thread = state.threads[id];
  if (!thread || thread.timeline.status !== 'ready') return state;
  const timeline = change(thread.timeline);
  return timeline === thread.timeline ? state : { ...state, threads: put(state.threads, id, { ...thread, timeline }) };
}

/** The summary under the message that a thread hangs on, as one more reply makes it; the server's own replaces it. */
function summed(state, room, reply) {
  return onTimeline(state, room, (timeline) => {
    const root = timeline.order.map((id) => timeline.messages[id]).find((message) => message.thread?.id === reply.in_thread);
    if (!root || root.thread.last_at >= reply.at) return timeline;
    const participants = [...new Set([...root.thread.participants, reply.author])];
    return changed(timeline, { id: root.id, thread: { ...root.thread, replies: root.thread.replies + 1, last_at: reply.at, participants } });
  });
}

function posted(state, { room, message: plain, mine }) {
  const message = personal(state.me, plain);
  let next = state;
  if (inTimeline(message)) next = onTimeline(next, room, (timeline) => added(timeline, message, !mine));
  if (message.in_thread) next = onThread(summed(next, room, message), message.in_thread, (timeline) => added(timeline, message, !mine));
  if (mine && message.client_id) next = confirmed(next, new Set([message.client_id]));
  const known = next.rooms[room];
  if (!known || mine || !inTimeline(message)) return next;
  const mentions = known.mentions + (message.mentions_me || known.kind === 'direct' ? 1 : 0);
  return { ...next, rooms: put(next.rooms, room, { ...known, unread: known.unread + 1, mentions }) };
}

/** The first message of a thread is also shown at its head and in the lists: there too only as it is now. */
function rerooted(state, message) {
  const renewed = (thread) => (thread?.root?.id === message.id ? { ...thread, root: message } : thread);
  const list = (known) => known && { ...known, items: known.items.map(renewed) };
  const open = state.threads[message.thread?.id];
  return {
    ...state,
    threads: open ? put(state.threads, message.thread.id, { ...open, info: renewed(open.info) }) : state.threads,
    threadList: list(state.threadList),
    roomThreads: Object.fromEntries(Object.entries(state.roomThreads).map(([room, known]) => [room, list(known)])),
  };
}

function rewritten(state, { room, message: plain }) {
  const message = personal(state.me, plain);
  const next = rerooted(onTimeline(state, room, (timeline) => changed(timeline, message)), message);
  const thread = message.in_thread ?? message.thread?.id;
  return thread ? onThread(next, thread, (timeline) => changed(timeline, message)) : next;
}

function missed(state, { room, messages: plain }) {
  const messages = plain.map((message) => personal(state.me, message));
  const ours = messages.filter(inTimeline);
  let next = messages.reduce(rerooted, onTimeline(state, room, (timeline) => caughtUp(timeline, ours)));
  for (const id of new Set(messages.map((message) => message.in_thread ?? message.thread?.id).filter(Boolean))) {
    next = onThread(next, id, (timeline) => caughtUp(timeline, messages.filter((message) => message.in_thread === id || message.thread?.id === id)));
  }
  return confirmed(next, ownIds(state, messages));
}

const ownIds = (state, messages) => new Set(messages.filter((message) => message.author === state.me.id && message.client_id).map((message) => message.client_id));

/** What was sent from here and has come back leaves the outbox; it carries a tick for as long as the page lives. */
function confirmed(state, clientIds) {
  const sent = state.outbox.filter((item) => clientIds.has(item.clientId));
  if (!sent.length) return state;
  return { ...state, outbox: state.outbox.filter((item) => !sent.includes(item)), confirmed: { ...state.confirmed, ...Object.fromEntries(sent.map((item) => [item.clientId, true])) } };
}

/** The last replies of others, as many as the server counts as unread. */
function firstUnread(state, page) {
  const others = page.messages.filter((message) => message.author !== state.me.id);
  return page.thread.unread ? (others.at(-page.thread.unread) ?? others[0])?.id : null;
}

const PLACE = { replace: replaced, before: prepended, after: appended };

export const messageHandlers = {
  'page.loading': (state, { room }) => ({ ...state, timelines: put(state.timelines, room, { ...(state.timelines[room] ?? EMPTY), status: 'loading', error: null }) }),
  'page.failed': (state, { room, error }) => ({ ...state, timelines: put(state.timelines, room, { ...(state.timelines[room] ?? EMPTY), status: 'failed', error }) }),
  'page.loaded': (state, { room, page: plain, where }) => {
    const page = personalPage(state.me, plain);
    const ours = { ...page, messages: page.messages.filter(inTimeline), unread: state.rooms[room]?.unread ?? 0 };
    const timeline = PLACE[where](state.timelines[room] ?? EMPTY, ours.messages.length || where === 'replace' ? ours : page);
    return confirmed({ ...state, timelines: put(state.timelines, room, timeline) }, ownIds(state, page.messages));
  },
  'page.dropped': (state, { room }) => ({ ...state, timelines: Object.fromEntries(Object.entries(state.timelines).filter(([id]) => id !== room)) }),
  'message.posted': posted,
  'message.changed': rewritten,
  'messages.missed': missed,
  'unread.placed': (state, { room, message, unread }) => onTimeline(state, room, (timeline) => ({ ...timeline, firstUnread: message, unread: unread ?? timeline.unread })),
  'thread.loading': (state, { thread, info }) => {
    const old = state.threads[thread];
    return { ...state, threads: put(state.threads, thread, { info: old?.info ?? info ?? null, timeline: { ...(old?.timeline ?? EMPTY), status: 'loading' } }) };
  },
  'thread.loaded': (state, { thread, page: plain, where }) => {
    const page = personalPage(state.me, plain);
    const info = { ...page.thread, root: personal(state.me, page.thread.root) };
    const old = state.threads[thread] ?? { timeline: EMPTY };
    const timeline = PLACE[where](old.timeline, { ...page, after: null, more_after: false, unread: page.thread.unread, first_unread: firstUnread(state, page) });
    const next = info.root?.thread ? onTimeline(state, info.room, (known) => changed(known, { id: info.root.id, thread: info.root.thread })) : state;
    return { ...next, threads: put(state.threads, thread, { info, timeline: { ...timeline, moreAfter: false } }) };
  },
  'thread.failed': (state, { thread, error }) => ({ ...state, threads: put(state.threads, thread, { info: state.threads[thread]?.info ?? null, timeline: { ...EMPTY, status: 'failed', error } }) }),
  'thread.read': (state, { thread, unread }) => {
    const known = state.threads[thread];
    const threads = known?.info ? put(state.threads, thread, { ...known, info: { ...known.info, unread } }) : state.threads;
    const list = state.threadList && { ...state.threadList, items: state.threadList.items.map((item) => (item.id === thread ? { ...item, unread } : item)) };
    return { ...state, threads, threadList: list };
  },
  'threads.known': (state, { room, threads, before, more }) => {
    const fresh = threads.map((thread) => ({ ...thread, root: personal(state.me, thread.root) }));
    const list = (old) => ({ items: [...(more ? (old?.items ?? []) : []), ...fresh], before: before ?? null });
    return room ? { ...state, roomThreads: put(state.roomThreads, room, list(state.roomThreads[room])) } : { ...state, threadList: list(state.threadList) };
  },
  'note.added': (state, { note }) => ({ ...state, notes: [...state.notes.slice(-199), note] }),
};
