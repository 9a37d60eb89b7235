// Opening rooms and changing them.
import { t } from '../i18n.js';
import { nameOf, readable } from '../state/select.js';
import { afterCursor, beforeCursor } from '../state/timeline.js';

const SLOW = 400;
const PAGE = 50;

export function roomActions(client) {
  const { store, request, announcer } = client;
  const busy = new Set();

  /** One page fetch per room and direction at a time. */
  async function once(key, work) {
    if (busy.has(key)) return;
    busy.add(key);
    try {
      await work();
    } finally {
      busy.delete(key);
    }
  }


  async function page(room, fields, where) {
    const answer = await request('room.open', { room, limit: PAGE, ...fields });
    if (!store.state.rooms[room]) return null;
    store.dispatch({ type: 'people.known', people: answer.people ?? [] });
    store.dispatch({ type: 'page.loaded', room, page: answer, where });
    if (where === 'replace') caughtUp(room, answer.cursor);
    return answer;
  }

  /** What was heard while the page was on its way is not on it: the page's own place counts, and the rest is asked for. */
  function caughtUp(room, cursor) {
    const heard = store.state.rooms[room].cursor;
    if (heard === cursor) return;
    store.dispatch({ type: 'room.patched', room, patch: { cursor } });
    client.gaps.compare({ [room]: heard });
  }

  function failed(room, refusal) {
    if (refusal.code === 'offline') {
      store.dispatch({ type: 'page.dropped', room });
      return;
    }
    if (refusal.code === 'step_up_required') {
      store.dispatch({ type: 'page.dropped', room });
      store.dispatch({ type: 'room.covered', room, cover: 'step_up', reason: { words: refusal.text }, at: Date.now() });
      client.act.account.askStepUp({ room });
      return;
    }
    if (refusal.code === 'unavailable') {
      store.dispatch({ type: 'page.dropped', room });
      store.dispatch({ type: 'room.covered', room, cover: 'unavailable', reason: { words: refusal.text }, at: Date.now() });
      return;
    }
    store.dispatch({ type: 'page.failed', room, error: { code: refusal.code, text: refusal.text, decision: refusal.decision } });
  }

  const actions = {
    /** Loads the newest page, or the one around the first unread message. */
    load: (room) => once(`open|${room}`, async () => {
      const known = store.state.rooms[room];
      if (!known || !store.state.connection.up || (known.cover && known.access.state !== 'permitted' && known.cover.state === 'step_up')) return;
      store.dispatch({ type: 'page.loading', room });
      const slow = setTimeout(() => store.dispatch({ type: 'room.checking', room, on: true }), SLOW);
      try {
        const answer = await page(room, {}, 'replace');
        const unread = answer?.first_unread;
        if (unread && !answer.messages.some((message) => message.id === unread)) {
          await page(room, { around: unread }, 'replace');
          store.dispatch({ type: 'unread.placed', room, message: unread });
        }
      } catch (refusal) {
        failed(room, refusal);
      } finally {
        clearTimeout(slow);
        store.dispatch({ type: 'room.checking', room, on: false });
      }
    }),
    latest: (room) => once(`open|${room}`, async () => {
      await page(room, {}, 'replace').catch((refusal) => failed(room, refusal));
    }),
    older: (room) => once(`older|${room}`, async () => {
      const timeline = store.state.timelines[room];
      if (!timeline?.moreBefore) return;
      await page(room, { before: beforeCursor(timeline) }, 'before').catch(() => {});
    }),
    newer: (room) => once(`newer|${room}`, async () => {
      const timeline = store.state.timelines[room];
      if (!timeline?.moreAfter) return;
      await page(room, { after: afterCursor(timeline) }, 'after').catch(() => {});
    }),
    around: (room, message) => once(`open|${room}`, () => page(room, { around: message }, 'replace').catch((refusal) => failed(room, refusal))),
    checkNow(room) {
      return request('room.open', { room, limit: PAGE }).then((answer) => {
        store.dispatch({ type: 'people.known', people: answer.people ?? [] });
        store.dispatch({ type: 'room.uncovered', room });
        store.dispatch({ type: 'page.loaded', room, page: answer, where: 'replace' });
        caughtUp(room, answer.cursor);
        client.act.outbox.pump();
      }, (refusal) => failed(room, refusal));
    },
    /** A person opened a room: step-up asks over the room that is still open. */
    open(room, panel = null) {
      const known = store.state.rooms[room];
      if (known && known.access.state === 'step_up') client.act.account.askStepUp({ room });
      else client.act.go({ view: 'room', room, panel });
    },
    next(step, rooms) {
      const at = rooms.findIndex((room) => room.id === store.state.route.room);
      const ahead = step > 0 ? [...rooms.slice(at + 1), ...rooms.slice(0, Math.max(at, 0))] : [...rooms.slice(0, Math.max(at, 0)).reverse(), ...rooms.slice(at + 1).reverse()];
      const unread = ahead.find((room) => (room.muted ? room.mentions : room.unread) > 0);
      if (unread) actions.open(unread.id);
      else announcer.say(t('rooms.no_unread'));
    },
    markRead: (room, message, thread) => {
      const fields = thread ? { room, message, thread } : { room, message };
      return request('read.set', fields).then((counts) => {
        if (thread) store.dispatch({ type: 'thread.read', thread, unread: 0 });
        else store.dispatch({ type: 'room.read', room, message, unread: counts.unread ?? 0, mentions: counts.mentions ?? 0 });
      }, () => {});
    },
    markAllRead(room) {
      const timeline = store.state.timelines[room];
      const last = timeline?.order.at(-1);
      store.dispatch({ type: 'unread.placed', room, message: null });
      if (!last || timeline.moreAfter || !store.state.rooms[room].unread) return;
      actions.markRead(room, last);
      announcer.say(t('live.marked_read'));
    },
    unreadFrom: (room, message) => request('read.unread_from', { room, message }).then((answer) => {
      store.dispatch({ type: 'unread.placed', room, message, unread: answer?.unread });
      store.dispatch({ type: 'room.read', room, message: undefined, unread: answer?.unread ?? store.state.rooms[room].unread, mentions: answer?.mentions ?? store.state.rooms[room].mentions });
      announcer.say(t('live.marked_unread'));
    }).catch(client.complain),
    mute: (room, muted) => request('room.mute', { room, muted }).then(() => store.dispatch({ type: 'room.patched', room, patch: { muted } })).catch(client.complain),
    favourite: (room, favourite) => request('room.favourite', { room, favourite }).then(() => store.dispatch({ type: 'room.patched', room, patch: { favourite } })).catch(client.complain),
    update: (room, fields) => request('room.update', { room, ...fields }).then((answer) => store.dispatch({ type: 'room.patched', room, patch: answer?.room ?? fields })),
    archive: (room) => request('room.archive', { room }).then(() => store.dispatch({ type: 'room.patched', room, patch: { state: 'archived' } })).catch(client.complain),
    unarchive: (room) => request('room.unarchive', { room }).then(() => store.dispatch({ type: 'room.patched', room, patch: { state: 'active' } })).catch(client.complain),
    leave: (room) => request('room.leave', { room }).then(() => {
      const name = nameOf(store.state, store.state.rooms[room] ?? { kind: 'public', name: '' });
      store.dispatch({ type: 'room.forgotten', room });
      announcer.say(t('live.left', { room: name }));
      client.act.go({ view: 'home', room: null, panel: null });
    }).catch(client.complain),
    browse: (text) => request('rooms.browse', { text }).then((answer) => answer.rooms),
    join: (room) => request('room.join', { room }).then((answer) => {
      if (answer?.room) store.dispatch({ type: 'room.known', room: answer.room });
      actions.whenKnown(room);
    }),
    create: (fields) => request('room.create', fields).then(({ room }) => {
      store.dispatch({ type: 'room.known', room });
      actions.open(room.id);
    }),
    direct: (people) => request('direct.open', { people }).then(({ room }) => {
      store.dispatch({ type: 'room.known', room });
      actions.open(room.id);
    }),
    /** Opens a room as soon as the server has told of it. */
    whenKnown(room) {
      if (readable(store.state.rooms[room])) {
        actions.open(room);
        return;
      }
      const stop = store.subscribe((state) => {
        if (!state.rooms[room]) return;
        stop();
        actions.open(room);
      });
      setTimeout(stop, 10_000);
    },
    explain: (room) => {
      store.dispatch({ type: 'access.known', room, access: { ...store.state.access[room], loading: true } });
      return request('access.explain', { room }).then(
        (data) => store.dispatch({ type: 'access.known', room, access: { data } }),
        (refusal) => store.dispatch({ type: 'access.known', room, access: { error: refusal.text || t('error.offline') } }),
      );
    },
    audience(room, marking) {
      const key = `${room}|${marking}`;
      if (store.state.audience[key] || busy.has(key) || !store.state.connection.up) return;
      busy.add(key);
      request('audience', { room, marking }).then((audience) => store.state.rooms[room] && store.dispatch({ type: 'audience.known', room, marking, audience }), () => {}).finally(() => busy.delete(key));
    },
  };
  return actions;
}
