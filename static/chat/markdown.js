// Message text as a tree. The server builds the same tree in rooms/markdown.py; tests/fixtures/markdown.json holds both to it.
// No HTML is read or made: what is not in the tree cannot reach the page.
import MarkdownIt from 'markdown-it';

// Languages disagree on which of these are white space at the edge of a line; as plain spaces they are the same to all.
const ODD_SPACES = /[\u000b\u000c\u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/g;
const LINKABLE = /^(?:https?:\/\/|mailto:)/i;
const LANGUAGE = /^[A-Za-z0-9+#._-]{1,30}/;
const NAME = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,148}[A-Za-z0-9_-])?';
const FOUND = new RegExp(
  `(https?://[A-Za-z0-9\\[][A-Za-z0-9\\-._~:/?#\\[\\]@!$&'()*+,;=%]*)|(?<![A-Za-z0-9_@/.:+-])@(?:(group):)?(${NAME})`,
  'g',
);
const MAX_NESTING = 20;
const TOO_DEEP = MAX_NESTING - 2;
const LONGEST_ADDRESS = 2048;
/** Of all tables of one message; a short text could make a hundred thousand of them. What is beyond is text. */
const MOST_CELLS = 2000;
const TRAILING = new Set('.,;:!?\'"*_');

const parser = new MarkdownIt('commonmark', { html: false, maxNesting: MAX_NESTING });
parser.enable(['table', 'strikethrough']).disable(['image', 'html_block', 'html_inline', 'reference', 'text_join']);
parser.validateLink = (href) => !tooLong(href) && LINKABLE.test(href);
parser.normalizeLink = (href) => href;
parser.normalizeLinkText = (text) => text;

const anyTable = parser.block.ruler.__rules__.find((rule) => rule.name === 'table').fn;
parser.block.ruler.at('table', table, { alt: ['paragraph', 'reference'] });

/** A table as far as the message may still have cells. */
function table(state, start, end, silent) {
  const columns = start + 1 < end ? columnsOf(state, start + 1) : 0;
  const left = MOST_CELLS - (state.env.cells ?? 0);
  if (columns === 0 || columns > left) return false;
  const found = anyTable(state, start, Math.min(end, start + 1 + Math.floor(left / columns)), silent);
  if (found && !silent) state.env.cells = MOST_CELLS - left + columns * (state.line - start - 1);
  return found;
}

/** How many columns the line under the head of a table rules off: each is one run of dashes. */
function columnsOf(state, line) {
  return (state.src.slice(state.bMarks[line] + state.tShift[line], state.eMarks[line]).match(/-+/g) ?? []).length;
}

/** Counted in characters as the server counts them. */
function tooLong(href) {
  return href.length > LONGEST_ADDRESS && [...href].length > LONGEST_ADDRESS;
}

const OPENS = {
  paragraph_open: (token) => (token.hidden ? { type: 'paragraph', tight: true } : { type: 'paragraph' }),
  heading_open: (token) => ({ type: 'heading', level: Number(token.tag.slice(1)) }),
  blockquote_open: () => ({ type: 'quote' }),
  bullet_list_open: () => ({ type: 'list', ordered: false }),
  ordered_list_open: (token) => ({ type: 'list', ordered: true, start: Number(token.attrGet('start') ?? 1) }),
  list_item_open: () => ({ type: 'item' }),
  table_open: () => ({ type: 'table' }),
  thead_open: () => ({ type: 'head' }),
  tbody_open: () => ({ type: 'body' }),
  tr_open: () => ({ type: 'row' }),
  th_open: (token) => ({ type: 'cell', align: alignment(token) }),
  td_open: (token) => ({ type: 'cell', align: alignment(token) }),
  em_open: () => ({ type: 'em' }),
  strong_open: () => ({ type: 'strong' }),
  s_open: () => ({ type: 'strike' }),
  link_open: (token) => ({ type: 'link', href: token.attrGet('href') }),
};

const LEAVES = {
  text_special: (token) => [{ type: 'text', text: token.content }],
  code_inline: (token) => [{ type: 'code_span', text: token.content }],
  softbreak: () => [{ type: 'break' }],
  hardbreak: () => [{ type: 'break' }],
  hr: () => [{ type: 'rule' }],
  fence: (token) => [{ type: 'code', language: LANGUAGE.exec(token.info.trim())?.[0] ?? '', text: withoutLastBreak(token.content) }],
  code_block: (token) => [{ type: 'code', language: '', text: withoutLastBreak(token.content) }],
};

function alignment(token) {
  return /text-align:(\w+)/.exec(token.attrGet('style') ?? '')?.[1] ?? '';
}

function withoutLastBreak(text) {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

/** Punctuation that ends the sentence is no part of the address; nor is a bracket that it never opened. */
function trimmed(url) {
  const unopened = { ')': count(url, ')') - count(url, '('), ']': count(url, ']') - count(url, '[') };
  let end = url.length;
  while (TRAILING.has(url[end - 1]) || unopened[url[end - 1]] > 0) {
    end -= 1;
    if (url[end] in unopened) unopened[url[end]] -= 1;
  }
  return url.slice(0, end);
}

function count(text, sign) {
  return text.split(sign).length - 1;
}

/** Bare addresses and mentions inside plain text. */
function found(text) {
  const nodes = [];
  let at = 0;
  const upTo = (end) => end > at && nodes.push({ type: 'text', text: text.slice(at, end) });
  FOUND.lastIndex = 0;
  for (let match = FOUND.exec(text); match; match = FOUND.exec(text)) {
    const [whole, url, group, name] = match;
    upTo(match.index);
    if (url) {
      const href = trimmed(url);
      const written = { type: 'text', text: href };
      nodes.push(tooLong(href) ? written : { type: 'link', href, children: [written] });
      at = FOUND.lastIndex = match.index + href.length;
      continue;
    }
    const kind = group ?? (name === 'room' ? 'room' : 'user');
    nodes.push({ type: 'mention', kind, name });
    at = match.index + whole.length;
  }
  upTo(text.length);
  return nodes;
}

function build(tokens, insideLink = false) {
  const root = { children: [] };
  const stack = [root];
  const links = () => insideLink || stack.some((node) => node.type === 'link');
  for (const token of tokens) {
    const parent = stack[stack.length - 1];
    if (token.nesting === 1) {
      const node = OPENS[token.type](token);
      node.children = [];
      parent.children.push(node);
      stack.push(node);
    } else if (token.nesting === -1) stack.pop();
    else if (token.type === 'inline') parent.children.push(...build(token.children));
    else if (token.type === 'text') parent.children.push(...(links() ? plainly(token.content) : found(token.content)));
    else parent.children.push(...LEAVES[token.type](token));
  }
  return joined(root.children);
}

function plainly(text) {
  return text ? [{ type: 'text', text }] : [];
}

/** Neighbouring texts are one text, whatever way the parser cut them. */
function joined(nodes) {
  const result = [];
  for (const node of nodes) {
    const last = result[result.length - 1];
    if (node.children) node.children = joined(node.children);
    if (node.type === 'text' && last?.type === 'text') last.text += node.text;
    else if (node.type !== 'text' || node.text) result.push(node);
  }
  return result;
}

/** The blocks of a message, each a plain object with `type` and what belongs to that type. */
export function tree(md) {
  const text = md.replace(ODD_SPACES, ' ');
  const tokens = parser.parse(text, {});
  return tokens.some((token) => token.level >= TOO_DEEP) ? literal(text) : build(tokens);
}

/** As written: what the parser would drop for its depth must not vanish from sight. */
function literal(text) {
  const children = text.split(/\r\n|\n|\r/).flatMap((line, n) => [...(n ? [{ type: 'break' }] : []), ...plainly(line)]);
  return [{ type: 'paragraph', children }];
}

const FLAT = { text: (node) => node.text, code_span: (node) => node.text, break: () => '\n', rule: () => '', code: (node) => node.text };
const BLOCKS = new Set(['paragraph', 'heading', 'quote', 'list', 'item', 'table', 'head', 'body', 'row']);

function flat(node) {
  if (FLAT[node.type]) return FLAT[node.type](node);
  if (node.type === 'mention') return mentionText(node);
  const parts = node.children.map(flat);
  if (node.type === 'row') return parts.join(' | ');
  return parts.join(node.children.some((child) => BLOCKS.has(child.type)) ? '\n' : '');
}

/** How a mention is written. */
export function mentionText({ kind, name }) {
  return kind === 'group' ? `@group:${name}` : `@${name}`;
}

/** The text alone, for an announcement or a preview. */
export function plain(md) {
  return tree(md).map(flat).join('\n');
}

/** Who is mentioned, each once, in order of appearance. */
export function mentions(md) {
  const seen = new Map();
  const walk = (node) => {
    if (node.type === 'mention') seen.set(mentionText(node), { kind: node.kind, name: node.name });
    node.children?.forEach(walk);
  };
  tree(md).forEach(walk);
  return [...seen.values()];
}
