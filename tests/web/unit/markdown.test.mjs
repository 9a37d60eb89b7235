import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { mentions, plain, tree } from '../../../static/chat/markdown.js';

const cases = JSON.parse(fs.readFileSync(new URL('../../fixtures/markdown.json', import.meta.url)));

for (const { name, md, tree: expected, mentions: who, plain: text } of cases) {
  test(`the client reads: ${name}`, () => {
    assert.deepEqual(tree(md), expected);
    assert.deepEqual(mentions(md), who);
    assert.equal(plain(md), text);
  });
}
