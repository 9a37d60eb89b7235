import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { asked, commandOf, commandsFor, matching, peopleFor } from '../../../static/chat/complete.js';
import { parts, t } from '../../../static/chat/i18n.js';
import { uuid7 } from '../../../static/chat/ids.js';
import english from '../../../static/chat/locale/en.js';
import { hashOf, parseRoute } from '../../../static/chat/route.js';
import { rowsOf } from '../../../static/chat/rows.js';
import { dateOf, when } from '../../../static/chat/time.js';

test('an id sorts by time and says its version', () => {
  const [early, late] = [uuid7(1_000_000_000_000), uuid7(1_000_000_000_001)];

  assert.ok(early < late);
  assert.match(early, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('an address leads where it came from', () => {
  for (const hash of ['#/', '#/unread', '#/r/1', '#/r/1/access', '#/r/1/t/2']) assert.equal(hashOf(parseRoute(hash)), hash);
  assert.equal(parseRoute('#/nonsense').view, 'home');
  assert.equal(parseRoute('#/r/1/nonsense').panel, null);
});

test('texts carry numbers, plurals and elements', () => {
  assert.equal(t('thread.replies', { n: 1 }), '1 reply');
  assert.equal(t('thread.replies', { n: 1200 }), '1,200 replies');
  assert.deepEqual(parts('ended.title', { room: 'X' }), ['Your access to ', 'X', ' has ended']);
  assert.throws(() => t('nothing.here'), /no text for/);
});

test('every text that is asked for is in the catalogue, and none is there for nothing', () => {
  const sources = [];
  const walk = (folder) => fs.readdirSync(folder, { withFileTypes: true }).forEach((entry) => {
    if (entry.isDirectory()) walk(path.join(folder, entry.name));
    else if (entry.name.endsWith('.js')) sources.push(path.join(folder, entry.name));
  });
  walk(new URL('../../../static/chat', import.meta.url).pathname);
  const code = sources.filter((file) => !file.includes('locale')).map((file) => fs.readFileSync(file, 'utf8')).join('\n');
  const plain = [...code.matchAll(/\b(?:t|parts)\('([^']+)'/g)].map((match) => match[1]);
  const made = new Set([...code.matchAll(/`([a-z_]+\.[a-z_]*)\$\{/g)].map((match) => match[1]));

  assert.deepEqual(plain.filter((key) => !(key in english)), []);
  const unused = Object.keys(english).filter((key) => !code.includes(`'${key}'`) && ![...made].some((start) => key.startsWith(start)));
  assert.deepEqual(unused, []);
});

test('what is being written decides which list opens', () => {
  assert.deepEqual(asked('Thanks @ok', 10), { kind: 'mention', text: 'ok', from: 7 });
  assert.deepEqual(asked('/ma', 3), { kind: 'command', text: 'ma', from: 0 });
  assert.equal(asked('mail@example', 12), null);
  assert.equal(asked('a /x', 4), null);
});

test('people are found by the beginnings of their names, the present first', () => {
  const people = [
    { username: 'oksana', name: 'Oksana Kovalenko', presence: 'offline' },
    { username: 'daniel', name: 'Daniel Okafor', presence: 'active' },
    { username: 'gone', name: 'Okidoki', active: false },
  ];

  assert.deepEqual(peopleFor('ok', people).map((person) => person.username), ['daniel', 'oksana']);
  assert.deepEqual(matching('ok', 'Daniel Okafor'), ['Daniel ', 'Ok', 'afor']);
});

test('only commands that one may use are offered', () => {
  assert.deepEqual(commandsFor('', { powers: [] }).map(({ name }) => name), ['who', 'why', 'mute', 'away']);
  assert.deepEqual(commandOf('/topic Passes of today'), { name: 'topic', rest: 'Passes of today' });
  assert.equal(commandOf('not /one'), null);
});

const message = (id, author, minute, more = {}) => ({ id, author, at: new Date(2026, 0, 5, 9, minute).toISOString(), ...more });

test('messages of one author within five minutes stand together, days and new ones are divided', () => {
  const list = [message('a', 'x', 0), message('b', 'x', 3), message('c', 'x', 20), message('d', 'y', 21)];
  const timeline = { order: list.map(({ id }) => id), messages: Object.fromEntries(list.map((one) => [one.id, one])), firstUnread: 'c', moreAfter: false, unread: 2 };

  const rows = rowsOf({ timeline, me: 'me' });

  assert.deepEqual(rows.map((row) => row.kind), ['day', 'message', 'message', 'new', 'message', 'message']);
  assert.deepEqual(rows.filter((row) => row.kind === 'message').map((row) => row.first), [true, false, true, true]);
  assert.equal(rows.find((row) => row.kind === 'new').n, 2);
});

test('the new line tells what the server counts where not all of it is loaded, and no number where nobody knows', () => {
  const list = [message('a', 'x', 0), message('b', 'y', 3)];
  const timeline = { order: ['a', 'b'], messages: { a: list[0], b: list[1] }, firstUnread: 'a', moreAfter: true };
  const told = (more) => rowsOf({ timeline: { ...timeline, ...more }, me: 'me' }).filter((row) => row.kind === 'new').map(({ n, more: also }) => [n, also])[0];

  assert.deepEqual(told({ unread: 225 }), [225, false]);
  assert.deepEqual(told({ unread: 1000 }), [1000, true]);
  assert.deepEqual(told({ unread: 1 }), [0, false]);
  assert.deepEqual(told({ unread: 1, moreAfter: false }), [2, false]);
});

test('what is not confirmed stays last, and is not shown twice', () => {
  const list = [message('a', 'me', 0)];
  const timeline = { order: ['a'], messages: { a: list[0] }, firstUnread: null, moreAfter: false };
  const outbox = [{ clientId: 'k', message: 'a', createdAt: 0, status: 'sent' }, { clientId: 'l', createdAt: Date.now(), status: 'sending' }];

  assert.deepEqual(rowsOf({ timeline, outbox, me: 'me', days: false }).map((row) => row.key), ['a', 'l']);
});

test('a day of another year is told with its year', () => {
  const now = new Date(2026, 0, 5, 12, 0).getTime();

  assert.equal(when(new Date(2026, 0, 5, 9, 30), now), '09:30');
  assert.equal(when(new Date(2026, 0, 4, 9, 30), now), '4 Jan 09:30');
  assert.equal(when(new Date(2025, 11, 31, 9, 30), now), '31 Dec 2025 09:30');
  assert.deepEqual([dateOf(new Date(2026, 11, 4), now), dateOf(new Date(2027, 0, 4), now)], ['4 December', '4 January 2027']);
});
