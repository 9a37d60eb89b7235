// What was written and is not yet confirmed. Memory only. A refusal by policy is never tried again;
// a lost connection or a busy server is, with growing waits, for two minutes. In a room everything goes in order.
import { backoff } from './socket.js';
import { markOf } from './marks.js';

export const OFFLINE_MOST = 20;
export const OFFLINE_AGE = 15 * 60_000;
export const GIVE_UP = 2 * 60_000;
const TRANSPORT = new Set(['offline', 'timeout', 'unavailable', 'server_error']);
const CONFIRM = 'step_up_required';

/** Whether one more message may wait while the connection is down. */
export const hasSpace = (items) => items.filter((item) => item.status === 'waiting').length < OFFLINE_MOST;

/** The items that may go out now: the first of each place, unless something before it is under way or was refused. */
export function due(items, now) {
  const blocked = new Set();
  return items.filter((item) => {
    if (item.status === 'sent' || blocked.has(item.room)) return false;
    if (item.status === 'waiting' && (item.nextAt ?? 0) <= now) {
      blocked.add(item.room);
      return true;
    }
    if (item.status === 'sending' || item.status === 'waiting') blocked.add(item.room);
    return false;
  });
}

/** When the next item becomes due, or nothing. */
export function nextDue(items) {
  const times = items.filter((item) => item.status === 'waiting').map((item) => item.nextAt ?? 0);
  return times.length ? Math.min(...times) : null;
}

/** Why an item may not go out by itself any more, or nothing: too old, or its marking no longer fits the room. */
export function staleness(item, { workspace, room, now }) {
  if (item.queuedAt && now - item.queuedAt > OFFLINE_AGE) return 'old';
  if (room && markOf(workspace, item.marking).rank > markOf(workspace, room.marking).rank) return 'marking';
  return null;
}

/** What becomes of an item after a failed try. */
export function afterFailure(item, refusal, now, random = Math.random) {
  if (refusal.code === CONFIRM) return { ...item, status: 'step_up', reason: refusal.text, decision: refusal.decision };
  if (refusal.code === 'offline') return { ...item, status: 'waiting', nextAt: 0, queuedAt: item.queuedAt ?? now };
  if (refusal.code === 'rate_limited') return { ...item, status: 'waiting', nextAt: now + 1000 * (refusal.retryAfter ?? 5) };
  if (TRANSPORT.has(refusal.code)) {
    const firstAt = item.firstAt ?? now;
    if (now - firstAt >= GIVE_UP) return { ...item, status: 'failed', reason: null };
    return { ...item, status: 'waiting', firstAt, tries: item.tries + 1, nextAt: now + backoff(item.tries, random) };
  }
  return { ...item, status: 'refused', reason: refusal.text, remedy: refusal.remedy, decision: refusal.decision ?? null };
}

/** The request that posts an item. */
export function requestOf({ room, clientId, body, marking, thread, replyTo, alsoToRoom }) {
  const fields = { room, client_id: clientId, body, marking, also_to_room: Boolean(alsoToRoom) };
  if (thread) fields.thread = thread;
  if (replyTo) fields.reply_to = replyTo;
  return fields;
}

export function createOutbox({ store, request, onStepUp, onRefused, now = Date.now }) {
  let timer = null;
  const put = (item) => store.dispatch({ type: 'outbox.put', item });

  async function send(item) {
    put({ ...item, status: 'sending', firstAt: item.firstAt ?? now() });
    const { clientId, marking } = item;
    try {
      const ack = await request('message.post', requestOf(item));
      const current = store.state.outbox.find((other) => other.clientId === clientId);
      if (current) put({ ...current, status: 'sent', inThread: ack.thread ?? null, message: ack.message, at: ack.at, marking: ack.marking ?? marking });
    } catch (refusal) {
      const current = store.state.outbox.find((other) => other.clientId === clientId);
      if (!current) return;
      const next = afterFailure(current, refusal, now());
      put(next);
      if (next.status === 'refused') refused(next);
      if (next.status === 'failed') onRefused(next);
      if (next.status === 'step_up') onStepUp(next);
    } finally {
      pump();
    }
  }

  /** The room stops at its first refusal of what was queued while the connection was down. */
  function refused(item) {
    onRefused(item);
    if (!item.queuedAt) return;
    for (const later of store.state.outbox) {
      if (later.room === item.room && later.status === 'waiting' && later.queuedAt) put({ ...later, status: 'held', reason: 'order' });
    }
  }

  function pump() {
    clearTimeout(timer);
    const { state } = store;
    if (!state.connection.up) return;
    for (const item of due(state.outbox, now())) {
      const room = state.rooms[item.room];
      const stale = item.confirmed ? null : staleness(item, { workspace: state.workspace, room, now: now() });
      if (stale) put({ ...item, status: 'held', reason: stale });
      else if (room && !room.cover) send(item);
    }
    const at = nextDue(store.state.outbox.filter((item) => !store.state.rooms[item.room]?.cover));
    if (at !== null) timer = setTimeout(pump, Math.max(50, at - now()));
  }

  return {
    pump,
    add(item) {
      const up = store.state.connection.up;
      if (!up && !hasSpace(store.state.outbox)) return false;
      put({ ...item, status: 'waiting', tries: 0, createdAt: now(), queuedAt: up ? null : now() });
      pump();
      return true;
    },
    again(clientId) {
      const item = store.state.outbox.find((other) => other.clientId === clientId);
      if (item) put({ ...item, status: 'waiting', tries: 0, firstAt: null, nextAt: 0, queuedAt: null, confirmed: true });
      pump();
    },
    discard: (clientId) => store.dispatch({ type: 'outbox.drop', clientId }),
  };
}
