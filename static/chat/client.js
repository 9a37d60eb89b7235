// Puts the parts together: store, socket, gaps, outbox, tabs and the actions that views call.
import { accountActions } from './actions/account.js';
import { messageActions, threadActions } from './actions/messages.js';
import { peopleActions } from './actions/people.js';
import { roomActions } from './actions/rooms.js';
import { createFrames } from './frames.js';
import { createGaps } from './gaps.js';
import { t } from './i18n.js';
import { createAnnouncer } from './live.js';
import { applyLook, keptLook } from './look.js';
import { createOutbox } from './outbox.js';
import { hashOf, parseRoute, sameRoute } from './route.js';
import { createSocket } from './socket.js';
import { initialState } from './state/initial.js';
import { reduce } from './state/reduce.js';
import { leaseEnd } from './state/select.js';
import { createStore } from './store.js';
import { createTabs } from './tabs.js';

export function createClient(config) {
  const look = { theme: 'system', contrast: 'system', density: 'normal', enterSends: true, ...keptLook() };
  const store = createStore(reduce, initialState(look));
  const announcer = createAnnouncer({ polite: document.getElementById('polite'), urgent: document.getElementById('urgent') });
  const client = { config, store, announcer, act: {} };
  const notice = (tone, text) => store.dispatch({ type: 'notice', notice: { tone, text, at: Date.now() } });
  const complain = (refusal) => notice('danger', refusal.text || t(refusal.code === 'offline' || refusal.code === 'timeout' ? 'error.offline' : 'error.unknown'));

  const socket = createSocket({
    url: config.socketUrl,
    hello: () => ({ resume: Object.fromEntries(Object.values(store.state.rooms).filter((room) => room.cursor && store.state.timelines[room.id]?.status === 'ready').map((room) => [room.id, room.cursor])) }),
    most: () => store.state.limits.frame_bytes,
    onWelcome: welcomed,
    onFrame: (frame) => frames.receive(frame),
    onLost: (nextTry) => {
      store.dispatch({ type: 'connection.lost', at: Date.now(), nextTry });
      watchLeases();
    },
    onOver: (code) => {
      tabs.over();
      client.over();
      location.replace(`${config.urls.login}?ended=${code === 4403 ? 'revoked' : 'expired'}`);
    },
  });
  Object.assign(client, { request: socket.request, send: socket.send, notice, complain, retryNow: socket.retryNow });

  const outbox = createOutbox({
    store, request: socket.request,
    onStepUp: (item) => client.act.account.askStepUp({ clientId: item.clientId, place: item.room }),
    onRefused: (item) => announcer.alert(t('live.not_sent', { reason: item.reason ?? '' })),
  });
  const gaps = createGaps({ store, request: socket.request, reload: (room) => client.act.rooms.latest(room) });
  const tabs = createTabs({
    who: () => `${store.state.workspace?.id}|${store.state.me?.id}`,
    onLeft: (news) => frames.lost(news),
    onOver: () => {
      client.over();
      location.replace(`${config.urls.login}?ended=signed_out`);
    },
  });
  client.tabs = tabs;
  client.gaps = gaps;

  /** Nothing of the session stays in this page. */
  client.over = () => {
    socket.stop();
    store.dispatch({ type: 'session.over' });
    for (const room of Object.keys(store.state.rooms)) store.dispatch({ type: 'room.forgotten', room });
  };

  Object.assign(client.act, {
    outbox, rooms: roomActions(client), messages: messageActions(client), threads: threadActions(client), people: peopleActions(client),
    account: accountActions(client),
    go(route) {
      if (sameRoute(route, store.state.route)) return;
      location.hash = hashOf(route);
      routed();
    },
    overlay: (overlay) => store.dispatch({ type: 'overlay', overlay }),
    notice,
  });
  const frames = createFrames({ store, gaps, act: client.act, announcer, tabs });

  async function welcomed(welcome) {
    const again = store.state.phase === 'reconnecting';
    const told = Object.fromEntries(welcome.rooms.map((room) => [room.id, room.access]));
    const gone = again ? Object.keys(store.state.rooms).filter((id) => !told[id] || told[id].state === 'ended') : [];
    for (const room of gone) frames.lost({ room, reason: told[room]?.reason ?? { code: 'ended', words: '' }, decision: told[room]?.decision ?? null, at: new Date().toISOString() });
    const cursors = Object.fromEntries(Object.values(store.state.rooms).map((room) => [room.id, room.cursor]));
    store.dispatch({ type: 'welcome', welcome: { ...welcome, rooms: welcome.rooms.map((room) => (store.state.timelines[room.id] ? { ...room, cursor: cursors[room.id] ?? room.cursor } : room)) }, at: Date.now() });
    applyLook(store.state.prefs);
    await gaps.resumed(welcome.resumed);
    arrived();
    client.act.threads.list();
    if (again) announcer.say(t('live.back'));
    outbox.pump();
  }

  /** The room of the address is loaded when it is not there yet. */
  function arrived() {
    const { route, rooms, timelines, threads, connection } = store.state;
    if (!connection.up) return;
    const room = rooms[route.room];
    if (room?.access.state === 'step_up' && route.view === 'room') client.act.account.askStepUp({ room: room.id });
    else if (room && (timelines[room.id]?.status ?? 'idle') === 'idle') client.act.rooms.load(room.id);
    const thread = route.panel?.thread;
    if (room && thread && !threads[thread]) client.act.threads.load(thread);
  }

  /** With the connection gone, a room is shown only as long as its last answer counts. */
  function watchLeases() {
    const { connection, rooms } = store.state;
    if (connection.up) return;
    for (const room of Object.values(rooms)) {
      if (!room.cover && room.access.state === 'permitted' && leaseEnd(store.state, room) <= Date.now()) {
        store.dispatch({ type: 'room.covered', room: room.id, cover: 'unavailable', at: Date.now() });
        if (store.state.route.room === room.id) announcer.alert(t('live.covered'));
      }
    }
  }

  /** Follows the address, at once: a key that comes right after what opens a panel must find it open. */
  function routed() {
    const route = parseRoute(location.hash);
    const { route: old } = store.state;
    if (sameRoute(route, old)) return;
    if (old.room && old.room !== route.room) store.dispatch({ type: 'unread.placed', room: old.room, message: null });
    if (old.room && old.room !== route.room && store.state.timelines[old.room]) store.dispatch({ type: 'page.dropped', room: old.room });
    store.dispatch({ type: 'route', route });
    arrived();
  }

  client.start = () => {
    addEventListener('hashchange', routed);
    addEventListener('online', socket.retryNow);
    addEventListener('pageshow', (event) => event.persisted && location.reload());
    setInterval(() => {
      store.dispatch({ type: 'typing.aged', now: Date.now() });
      watchLeases();
    }, 1000);
    routed();
    socket.connect();
  };
  return client;
}
