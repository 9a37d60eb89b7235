import assert from 'node:assert/strict';
import test from 'node:test';
import { createGaps } from '../../../static/chat/gaps.js';
import { bytesOf, createSocket } from '../../../static/chat/socket.js';

globalThis.WebSocket ??= { OPEN: 1 };

class Wire {
  constructor() {
    this.sent = [];
    this.readyState = 1;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  say(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

function connected(t, more = {}) {
  const wires = [];
  const news = { welcomes: [], frames: [], lost: [], over: [] };
  const socket = createSocket({
    url: 'ws://x', hello: () => ({ resume: {} }), onWelcome: (data) => news.welcomes.push(data), onFrame: (frame) => news.frames.push(frame),
    onLost: (at) => news.lost.push(at), onOver: (code) => news.over.push(code), open: () => (wires.push(new Wire()), wires.at(-1)), ...more,
  });
  t.after(() => socket.stop());
  socket.connect();
  return { socket, wires, news };
}

test('hello comes first and its answer is the welcome', async (t) => {
  const { wires, news } = connected(t);
  wires[0].onopen();
  assert.equal(wires[0].sent[0].t, 'hello');

  wires[0].say({ t: 'result', id: wires[0].sent[0].id, data: { me: 1 } });
  await new Promise(setImmediate);

  assert.deepEqual(news.welcomes, [{ me: 1 }]);
});

test('each request gets the one answer with its id', async (t) => {
  const { socket, wires } = connected(t);
  const [first, second] = [socket.request('ping'), socket.request('ping')];
  const [one, other] = wires[0].sent;

  wires[0].say({ t: 'error', id: other.id, code: 'denied', message: 'No.', decision: 'd' });
  wires[0].say({ t: 'result', id: one.id, data: { fine: true } });

  assert.deepEqual(await first, { fine: true });
  await assert.rejects(second, (refusal) => refusal.code === 'denied' && refusal.text === 'No.' && refusal.decision === 'd');
});

test('a lost socket fails what was asked and comes back by itself', async (t) => {
  const { socket, wires, news } = connected(t);
  const asked = socket.request('ping');

  wires[0].onclose({ code: 1006 });

  await assert.rejects(asked, (refusal) => refusal.code === 'offline');
  assert.equal(news.lost.length, 1);
  socket.retryNow();
  assert.equal(wires.length, 2);
});

test('a close that is final ends it', (t) => {
  const { socket, wires, news } = connected(t);

  wires[0].onclose({ code: 4403 });
  socket.retryNow();

  assert.deepEqual(news.over, [4403]);
  assert.equal(wires.length, 1);
});

function roomOf(cursor) {
  const state = { rooms: { r: { cursor } }, timelines: { r: { status: 'ready' } } };
  const store = {
    state,
    seen: [],
    dispatch(action) {
      store.seen.push(action);
      if (action.type === 'room.patched') state.rooms.r = { ...state.rooms.r, ...action.patch };
    },
  };
  return store;
}

test('an event in its place is applied, a repeated one is not', () => {
  const store = roomOf('c1');
  const gaps = createGaps({ store, request: () => assert.fail('nothing is missing'), reload: () => {} });

  assert.equal(gaps.admits({ room: 'r', cursor: 'c2', prev: 'c1' }), true);
  assert.equal(gaps.admits({ room: 'r', cursor: 'c2', prev: 'c1' }), false);
});

test('a gap is asked for, and what came meanwhile is not lost', async () => {
  const store = roomOf('c1');
  const asked = [];
  const answers = [{ messages: ['m2', 'm3'], cursor: 'c3', resync: false }, { messages: ['m4'], cursor: 'c4', resync: false }];
  const gaps = createGaps({ store, request: async (_, fields) => (asked.push(fields.after), answers.shift()), reload: () => {} });

  assert.equal(gaps.admits({ room: 'r', cursor: 'c3', prev: 'c2' }), false);
  assert.equal(gaps.admits({ room: 'r', cursor: 'c4', prev: 'c3' }), false);
  await new Promise(setImmediate);

  assert.deepEqual(asked, ['c1', 'c3']);
  assert.deepEqual(store.seen.filter((action) => action.type === 'messages.missed').flatMap((action) => action.messages), ['m2', 'm3', 'm4']);
  assert.equal(store.state.rooms.r.cursor, 'c4');
});

test('a head that is ahead of us is caught up with, an absence that is too long starts afresh', async () => {
  const store = roomOf('c1');
  const fresh = [];
  const gaps = createGaps({ store, request: async () => ({ messages: [], cursor: 'c9', resync: true }), reload: (room) => fresh.push(room) });

  gaps.compare({ r: 'c9' });
  await new Promise(setImmediate);

  assert.deepEqual(fresh, ['r']);
  assert.equal(store.state.rooms.r.cursor, 'c9');
});

test('what takes more bytes than the server does is refused here and never sent', async (t) => {
  const { socket, wires } = connected(t, { most: () => 300 });

  await assert.rejects(socket.request('message.post', { body: '\u0001'.repeat(50) }), (refusal) => refusal.code === 'too_large' && refusal.text.length > 0);
  socket.request('message.post', { body: 'x'.repeat(50) }).catch(() => {});

  assert.deepEqual(wires[0].sent.map((frame) => frame.body[0]), ['x']);
});

test('bytes are counted as they stand on the wire', () => {
  const [plain, quoted, wide] = ['x', '\u0001', '€'].map((body) => bytesOf('message.post', { body: body.repeat(100) }));

  assert.deepEqual([quoted - plain, wide - plain], [500, 200]);
});

test('a server that hangs up over a frame means the largest one; the others may be asked again', async (t) => {
  const { socket, wires, news } = connected(t);
  const large = socket.request('message.post', { body: 'x'.repeat(1000) });
  const small = socket.request('ping');

  wires[0].onclose({ code: 1009 });

  await assert.rejects(large, (refusal) => refusal.code === 'too_large');
  await assert.rejects(small, (refusal) => refusal.code === 'offline');
  assert.equal(news.lost.length, 1);
});
