import assert from 'node:assert/strict';
import test from 'node:test';
import { GIVE_UP, OFFLINE_AGE, afterFailure, due, hasSpace, nextDue, staleness } from '../../../static/chat/outbox.js';
import { backoff } from '../../../static/chat/socket.js';

const item = (clientId, more = {}) => ({ clientId, room: 'r', status: 'waiting', tries: 0, marking: 'S', ...more });
const never = () => 1;

test('the waits grow from one to fifteen seconds and are spread', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 9].map((tries) => backoff(tries, never)), [1000, 2000, 4000, 8000, 15_000, 15_000]);
  assert.equal(backoff(0, () => 0), 500);
});

test('a refusal by policy is never tried again', () => {
  const refused = afterFailure(item('a'), { code: 'denied', text: 'No.', decision: 'd-1' }, 0);

  assert.deepEqual([refused.status, refused.reason, refused.decision], ['refused', 'No.', 'd-1']);
});

test('a busy server is tried again for two minutes', () => {
  const first = afterFailure(item('a'), { code: 'timeout' }, 1000, never);
  assert.deepEqual([first.status, first.nextAt, first.tries], ['waiting', 2000, 1]);

  const last = afterFailure({ ...first, firstAt: 1000 }, { code: 'server_error' }, 1000 + GIVE_UP);
  assert.equal(last.status, 'failed');
});

test('a lost connection keeps the message, and the clock of two minutes does not run', () => {
  const held = afterFailure(item('a', { firstAt: 0 }), { code: 'offline' }, 10 * GIVE_UP);

  assert.deepEqual([held.status, held.nextAt], ['waiting', 0]);
});

test('a rate limit is waited for as long as the server says', () => {
  assert.equal(afterFailure(item('a'), { code: 'rate_limited', retryAfter: 7 }, 1000).nextAt, 8000);
});

test('a missing confirmation keeps the message until it is given', () => {
  assert.equal(afterFailure(item('a'), { code: 'step_up_required' }, 0).status, 'step_up');
});

test('in a room one goes after the other, rooms do not wait for each other', () => {
  const items = [item('a', { status: 'sending' }), item('b'), item('c', { room: 'other' }), item('d', { room: 'other' })];

  assert.deepEqual(due(items, 0).map((one) => one.clientId), ['c']);
  assert.deepEqual(due([item('a', { nextAt: 50 }), item('b')], 0), []);
  assert.equal(nextDue([item('a', { nextAt: 50 })]), 50);
});

test('what was refused does not hold up what is written later', () => {
  assert.deepEqual(due([item('a', { status: 'refused' }), item('b')], 0).map((one) => one.clientId), ['b']);
});

test('twenty may wait, and none longer than a quarter of an hour', () => {
  assert.equal(hasSpace(Array.from({ length: 19 }, (_, n) => item(n))), true);
  assert.equal(hasSpace(Array.from({ length: 20 }, (_, n) => item(n))), false);
  const workspace = { markings: [{ name: 'U' }, { name: 'S' }] };
  assert.equal(staleness(item('a', { queuedAt: 1 }), { workspace, room: { marking: 'S' }, now: OFFLINE_AGE + 2 }), 'old');
  assert.equal(staleness(item('a'), { workspace, room: { marking: 'U' }, now: 0 }), 'marking');
  assert.equal(staleness(item('a'), { workspace, room: { marking: 'S' }, now: 0 }), null);
});

test('what is too large for the server fails for good and keeps its text', () => {
  const refused = afterFailure(item('a', { body: 'long', queuedAt: 1 }), { code: 'too_large', text: 'Too long.' }, 0);

  assert.deepEqual([refused.status, refused.body, refused.reason], ['refused', 'long', 'Too long.']);
});
