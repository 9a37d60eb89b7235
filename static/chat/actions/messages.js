// Writing: posts, edits, deletions, reactions, threads, drafts.
import { t } from '../i18n.js';
import { uuid7 } from '../ids.js';
import { requestOf } from '../outbox.js';
import { bytesOf } from '../socket.js';
import { EMPTY, beforeCursor } from '../state/timeline.js';

const TYPING_EVERY = 3000;
const REFRESH_AFTER = 1500;

export function messageActions(client) {
  const { store, request, complain } = client;
  let typedAt = 0;

  return {
    post({ room, thread, replyTo, body, marking, alsoToRoom }) {
      const clientId = uuid7();
      const added = client.act.outbox.add({ clientId, room, thread: thread ?? null, replyTo: replyTo ?? null, body, marking, alsoToRoom: Boolean(alsoToRoom) });
      if (!added) store.dispatch({ type: 'notice', notice: { tone: 'warn', text: t('outbox.full') } });
      return added;
    },
    /** By how many bytes this is more than the server takes at once; nothing or less is well. */
    excess({ edited, ...item }) {
      const { body, marking } = item;
      const bytes = edited ? bytesOf('message.edit', { message: edited.id, body, marking }) : bytesOf('message.post', requestOf({ ...item, clientId: uuid7() }));
      return bytes - store.state.limits.frame_bytes;
    },
    edit: (message, body, marking) => request('message.edit', { message: message.id, body, marking }).catch((refusal) => {
      complain(refusal);
      throw refusal;
    }),
    delete: (message) => request('message.delete', { message: message.id }).catch(complain),
    history: (message) => request('message.history', { message }).then((answer) => answer.revisions),
    react(message, emoji) {
      const mine = message.reactions.find((reaction) => reaction.emoji === emoji)?.mine;
      return request(mine ? 'reaction.remove' : 'reaction.add', { message: message.id, emoji }).catch(complain);
    },
    typing(room, thread) {
      if (Date.now() - typedAt < TYPING_EVERY) return;
      typedAt = Date.now();
      client.send('typing', thread ? { room, thread } : { room });
    },
    draft: (place, draft) => store.dispatch({ type: 'draft', place, draft }),
    startEdit: (place, message) => store.dispatch({ type: 'editing', place, message: message?.id ?? null }),
  };
}

export function threadActions(client) {
  const { store, request } = client;
  let timer = null;
  const busy = new Set();

  const actions = {
    async load(thread) {
      if (busy.has(thread) || !store.state.connection.up) return;
      busy.add(thread);
      store.dispatch({ type: 'thread.loading', thread, info: store.state.threadList?.items.find((item) => item.id === thread) });
      try {
        const page = await request('thread.open', { thread, limit: 50 });
        if (!store.state.rooms[page.thread.room]) return;
        store.dispatch({ type: 'people.known', people: page.people ?? [] });
        store.dispatch({ type: 'thread.loaded', thread, page, where: 'replace' });
      } catch (refusal) {
        store.dispatch({ type: 'thread.failed', thread, error: { code: refusal.code, text: refusal.text } });
      } finally {
        busy.delete(thread);
      }
    },
    async older(thread) {
      const timeline = store.state.threads[thread]?.timeline ?? EMPTY;
      if (busy.has(thread) || !timeline.moreBefore) return;
      busy.add(thread);
      await request('thread.open', { thread, before: beforeCursor(timeline), limit: 50 }).then((page) => store.dispatch({ type: 'thread.loaded', thread, page, where: 'before' }), () => {});
      busy.delete(thread);
    },
    /** The threads of a room, or without one those that the person follows. */
    async list(room = null, more = false) {
      const before = more ? (room ? store.state.roomThreads[room] : store.state.threadList)?.before : null;
      const answer = await request('threads.list', { ...(room && { room }), ...(before && { before }) }).catch(() => null);
      if (!answer || (room && !store.state.rooms[room])) return;
      store.dispatch({ type: 'people.known', people: answer.people ?? [] });
      store.dispatch({ type: 'threads.known', room, threads: answer.threads, before: answer.before, more });
    },
    refreshSoon() {
      clearTimeout(timer);
      timer = setTimeout(() => actions.list(), REFRESH_AFTER);
    },
  };
  return actions;
}
