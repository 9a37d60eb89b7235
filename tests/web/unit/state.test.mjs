import assert from 'node:assert/strict';
import test from 'node:test';
import { initialState } from '../../../static/chat/state/initial.js';
import { reduce } from '../../../static/chat/state/reduce.js';
import { countOf, groupsOf, isMention, readable, screenMark, totals } from '../../../static/chat/state/select.js';
import { KEEP, afterCursor, appended, beforeCursor, caughtUp, EMPTY, prepended, replaced } from '../../../static/chat/state/timeline.js';
import { counted } from '../../../static/chat/i18n.js';
import { markOf } from '../../../static/chat/marks.js';

const CANARY = 'canary-7c1e';
const MARKINGS = [{ name: 'U', short: 'U', bar: 'u' }, { name: 'S', short: 'S', bar: 's' }];
const me = { id: 'me', username: 'maya', name: 'Maya', groups: ['g1'], powers: [], settings: { theme: 'dark' } };
const room = (id, more = {}) => ({ id, kind: 'private', name: id, marking: 'S', access: { state: 'permitted' }, unread: 0, mentions: 0, people: [], powers: [], post_markings: ['U', 'S'], cursor: 'c0', last_read: null, ...more });
const message = (id, more = {}) => ({ id, room: 'r1', author: 'ada', at: `2026-01-01T00:00:${String(id).padStart(2, '0')}Z`, marking: 'S', view: 'full', parts: [{ marking: 'S', md: `${CANARY} ${id}` }], mentions: [], reactions: [], thread: null, in_thread: null, also_to_room: false, client_id: null, ...more });
const page = (ids, more = {}) => ({ messages: ids.map((id) => message(id)), more_before: false, more_after: false, before: null, after: null, first_unread: null, ...more });

function world(rooms = [room('r1'), room('r2')]) {
  const welcome = { me, workspace: { id: 'w', name: 'W', ceiling: 'S', markings: MARKINGS }, session: {}, rooms, people: [{ id: 'ada', name: 'Ada' }], lease_seconds: 60 };
  return reduce(initialState({}), { type: 'welcome', welcome, at: 1 });
}

function reading() {
  const loaded = reduce(world(), { type: 'page.loaded', room: 'r1', page: page([1, 2]), where: 'replace' });
  const thread = { id: 't1', room: 'r1', root: message(1), replies: 1, unread: 0 };
  return [
    { type: 'thread.loaded', thread: 't1', page: { thread, messages: [message(9, { in_thread: 't1' })], more_before: false, before: null }, where: 'replace' },
    { type: 'threads.known', room: null, threads: [thread], before: null },
    { type: 'threads.known', room: 'r1', threads: [thread], before: null },
    { type: 'draft', place: 'r1', draft: { text: CANARY } },
    { type: 'draft', place: 't1', draft: { text: CANARY } },
    { type: 'access.known', room: 'r1', access: { data: CANARY } },
    { type: 'audience.known', room: 'r1', marking: 'S', audience: { can_read: 1, of: CANARY } },
    { type: 'outbox.put', item: { clientId: 'x', room: 'r1', body: CANARY, status: 'waiting' } },
    { type: 'note.added', note: { id: 'n', room: 'r1', words: CANARY } },
    { type: 'overlay', overlay: { kind: 'delete', room: 'r1', text: CANARY } },
    { type: 'editing', place: 'r1', message: CANARY },
    { type: 'members.known', room: 'r1', members: [{ person: { id: 'ada', name: 'Ada' }, role: 'member', why: CANARY }] },
  ].reduce(reduce, loaded);
}

test('a room that is left leaves no trace in any store', () => {
  const state = reduce(reading(), { type: 'room.left', room: 'r1', reason: { code: 'policy', words: 'Ended.' }, at: 'now' });

  assert.ok(!JSON.stringify(state).includes(CANARY));
  assert.equal(state.ended.r1.reason.words, 'Ended.');
  assert.equal(state.rooms.r1, undefined);
});

test('a covered room loses its content and keeps its draft and what waits', () => {
  const state = reduce(reading(), { type: 'room.covered', room: 'r1', cover: 'unavailable', at: 1 });

  assert.equal(readable(state.rooms.r1), false);
  assert.deepEqual([state.timelines.r1, state.threads.t1, state.members.r1, state.access.r1], [undefined, undefined, undefined, undefined]);
  assert.equal(state.drafts.r1.text, CANARY);
  assert.equal(state.outbox.length, 1);
});

test('a room that comes as ended is never listed as open', () => {
  const state = world([room('r1', { access: { state: 'ended', reason: { code: 'denied', words: 'No.' } } }), room('r2')]);

  assert.deepEqual(Object.keys(state.rooms), ['r2']);
});

test('a message of somebody else counts, my own does not, and a mention is worked out here', () => {
  let state = world();
  state = reduce(state, { type: 'message.posted', room: 'r2', message: message(1, { mentions: [{ kind: 'group', id: 'g1' }] }), mine: false });
  state = reduce(state, { type: 'message.posted', room: 'r2', message: message(2, { author: 'me' }), mine: true });

  assert.deepEqual([state.rooms.r2.unread, state.rooms.r2.mentions], [1, 1]);
  assert.deepEqual(totals(state), { unread: { n: 1, more: false }, mentions: { n: 1, more: false }, threads: 0 });
});

test('a muted room shows only what concerns me', () => {
  assert.equal(countOf(room('r', { muted: true, unread: 5, mentions: 1 })), 1);
  assert.equal(isMention(room('r', { kind: 'direct', unread: 1 })), true);
});

test('a confirmed message leaves the outbox and is remembered as sent from here', () => {
  let state = reduce(reading(), { type: 'outbox.put', item: { clientId: 'k1', room: 'r1', status: 'sending', body: 'b' } });
  state = reduce(state, { type: 'message.posted', room: 'r1', message: message(5, { author: 'me', client_id: 'k1' }), mine: true });

  assert.equal(state.outbox.some((item) => item.clientId === 'k1'), false);
  assert.equal(state.confirmed.k1, true);
  assert.deepEqual(state.timelines.r1.order, [1, 2, 5]);
});

test('an answer in a thread stays out of the room unless it was sent there too', () => {
  let state = reduce(reading(), { type: 'message.posted', room: 'r1', message: message(6, { in_thread: 't1' }), mine: false });
  assert.deepEqual(state.timelines.r1.order, [1, 2]);
  assert.deepEqual(state.threads.t1.timeline.order, [9, 6]);

  state = reduce(state, { type: 'message.posted', room: 'r1', message: message(7, { in_thread: 't1', also_to_room: true }), mine: false });
  assert.deepEqual(state.timelines.r1.order, [1, 2, 7]);
});

test('pages join without doubles and keep the cursors of their edges', () => {
  let timeline = replaced(EMPTY, page([5, 6], { before: 'b5', more_before: true }));
  timeline = prepended(timeline, page([3, 4, 5], { before: 'b3', more_before: true }));
  timeline = appended(timeline, page([6, 7], { after: 'a7' }));

  assert.deepEqual(timeline.order, [3, 4, 5, 6, 7]);
  assert.equal(beforeCursor(timeline), 'b3');
  assert.equal(afterCursor(timeline), 'a7');
});

test('far pages are dropped and can be fetched again', () => {
  const range = (from, to) => Array.from({ length: to - from }, (_, n) => from + n);
  let timeline = replaced(EMPTY, page(range(3000, 3100), { before: 'b3000', after: 'a3100', more_before: true }));
  for (let from = 2900; from >= 1000; from -= 100) timeline = prepended(timeline, page(range(from, from + 100), { before: `b${from}`, after: `a${from + 100}`, more_before: true }));

  assert.ok(timeline.order.length <= KEEP);
  assert.equal(timeline.order[0], 1000);
  assert.equal(timeline.moreAfter, true);
  assert.equal(afterCursor(timeline), `a${timeline.order.at(-1) + 1}`);
  assert.equal(Object.keys(timeline.messages).length, timeline.order.length);
});

test('what was missed changes what is known, follows what is last, and older unknown things are left out', () => {
  const timeline = replaced(EMPTY, page([5, 6]));

  const now = caughtUp(timeline, [message(1), message(5, { edited_at: 'x' }), message(7)]);

  assert.deepEqual(now.order, [5, 6, 7]);
  assert.equal(now.messages[5].edited_at, 'x');
});

test('the screen carries the highest marking, and an unknown one is higher than all', () => {
  let state = reduce(world([room('r1', { marking: 'U' })]), { type: 'route', route: { view: 'room', room: 'r1', panel: null } });
  assert.equal(screenMark(state).name, 'U');

  state = reduce(state, { type: 'page.loaded', room: 'r1', page: { ...page([1]), messages: [message(1, { marking: 'S' })] }, where: 'replace' });
  assert.equal(screenMark(state).name, 'S');

  state = reduce(state, { type: 'message.posted', room: 'r1', message: message(2, { marking: 'COSMIC' }), mine: false });
  assert.deepEqual([screenMark(state).name, screenMark(state).bar], ['COSMIC', 'unk']);
  assert.equal(markOf(state.workspace, 'COSMIC').rank, Infinity);
});

test('what is withheld does not raise the marking of the screen', () => {
  let state = reduce(world([room('r1', { marking: 'U' })]), { type: 'route', route: { view: 'room', room: 'r1', panel: null } });

  state = reduce(state, { type: 'page.loaded', room: 'r1', page: { ...page([1]), messages: [message(1, { view: 'withheld', parts: [] })] }, where: 'replace' });

  assert.equal(screenMark(state).name, 'U');
});

test('rooms stand in one group each', () => {
  const state = world([room('b', { favourite: true }), room('a'), room('d', { kind: 'direct', people: ['me', 'ada'], name: '' }), room('g', { kind: 'group' })]);

  assert.deepEqual(groupsOf(state).map(({ key, rooms }) => [key, rooms.map((one) => one.name)]), [['favourites', ['b']], ['channels', ['a']], ['groups', ['g']], ['direct', ['Ada']]]);
});

test('an action that nobody knows is a defect', () => {
  assert.throws(() => reduce(world(), { type: 'nonsense' }), /unknown action/);
});

test('a first message that was deleted is gone from the head of its thread and from the lists too', () => {
  const gone = message(1, { parts: [], deleted: { by: 'author', at: 'now' }, thread: { id: 't1', title: null, replies: 1, last_at: 'x', participants: [] } });

  for (const news of [{ type: 'message.changed', message: gone }, { type: 'messages.missed', messages: [gone] }]) {
    const state = reduce(reading(), { ...news, room: 'r1' });
    const roots = [state.threads.t1.info.root, state.threadList.items[0].root, state.roomThreads.r1.items[0].root];
    assert.deepEqual(roots.map((root) => root.parts), [[], [], []]);
  }
});

test('of a room that ends only what was there is said to be gone, and when is never unknown', () => {
  const bare = reduce(world(), { type: 'room.known', room: room('r1', { access: { state: 'ended', reason: { code: 'denied', words: 'No.' }, decision: 'd' } }) });
  const full = reduce(reading(), { type: 'room.left', room: 'r1', reason: { code: 'policy', words: 'Ended.' }, at: 'now' });
  const blank = reduce(reduce(world(), { type: 'draft', place: 'r1', draft: { text: '', marking: 'U' } }), { type: 'room.left', room: 'r1', reason: { code: 'policy' }, at: 'now' });

  assert.ok(Math.abs(Date.now() - new Date(bare.ended.r1.at)) < 60_000);
  assert.deepEqual([bare.ended.r1.taken, full.ended.r1.taken, blank.ended.r1.taken].map(({ messages, unsent }) => [messages, unsent]), [[false, false], [true, true], [false, false]]);
});

test('a sum says that it may be more when one of its parts was not counted to its end', () => {
  const whole = totals(world([room('r1', { unread: 600 }), room('r2', { unread: 600, mentions: 1000 })]));
  const open = totals(world([room('r1', { unread: 1000 }), room('r2', { unread: 5 })]));

  assert.deepEqual([whole.unread, whole.mentions, open.unread], [{ n: 1200, more: false }, { n: 1000, more: true }, { n: 1005, more: true }]);
  assert.deepEqual([counted(999), counted(1000), counted(1200, whole.unread.more), counted(1005, open.unread.more)], ['999', '1,000+', '1,200', '1,005+']);
});
