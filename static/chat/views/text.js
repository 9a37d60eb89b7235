// The parts of a message as elements, from the parsed tree; nothing here is HTML text.
import { useState } from 'preact/hooks';
import { html, icon, useClient } from '../dom.js';
import { t } from '../i18n.js';
import { markOf } from '../marks.js';
import { mentionText, tree } from '../markdown.js';
import { Portion, copy } from './basics.js';

const LINES = 20;
const trees = new WeakMap();

function treeOf(part) {
  if (!trees.has(part)) trees.set(part, tree(part.md));
  return trees.get(part);
}

function Code({ node }) {
  const client = useClient();
  const lines = node.text.split('\n');
  const [whole, setWhole] = useState(lines.length <= LINES);
  const shown = whole ? node.text : lines.slice(0, LINES).join('\n');
  return html`<figure class="code">
    <figcaption>
      <span>${node.language || t('code.plain')}</span
      ><button type="button" class="btn btn-ghost btn-sm" onClick=${() => copy(node.text, client)}>${icon('copy', 'i-xs')}${t('copy')}</button>
    </figcaption>
    <pre tabindex="0" role="group" aria-label=${t('code.label', { language: node.language || t('code.plain') })}><code>${shown}</code></pre>
    ${!whole && html`<button type="button" class="link small code-more" onClick=${() => setWhole(true)}>${t('code.more', { n: lines.length - LINES })}</button>`}
  </figure>`;
}

function Mention({ node }) {
  const { store } = useClient();
  const { people, me } = store.state;
  if (node.kind !== 'user') return html`<span class="at">${mentionText(node)}</span>`;
  const person = me?.username.toLowerCase() === node.name.toLowerCase() ? me : Object.values(people).find((known) => known.username?.toLowerCase() === node.name.toLowerCase());
  return html`<span class=${person === me ? 'at me-at' : 'at'} title=${mentionText(node)}>@${person?.name ?? node.name}</span>`;
}

const inline = (nodes) => nodes.map((node) => (INLINE[node.type] ? INLINE[node.type](node) : ''));
const INLINE = {
  text: (node) => node.text,
  break: () => html`<br />`,
  code_span: (node) => html`<code>${node.text}</code>`,
  em: (node) => html`<em>${inline(node.children)}</em>`,
  strong: (node) => html`<strong>${inline(node.children)}</strong>`,
  strike: (node) => html`<s>${inline(node.children)}</s>`,
  link: (node) => html`<a class="link" href=${node.href} target="_blank" rel="noopener noreferrer">${inline(node.children)}</a>`,
  mention: (node) => html`<${Mention} node=${node} />`,
};

const blocks = (nodes, lead) => nodes.map((node, n) => BLOCK[node.type](node, n === 0 ? lead : null));
const BLOCK = {
  paragraph: (node, lead) => html`<p class="mt">${lead}${inline(node.children)}</p>`,
  heading: (node, lead) => html`<p class="mt md-h">${lead}<strong>${inline(node.children)}</strong></p>`,
  quote: (node, lead) => html`${lead && html`<p class="mt">${lead}</p>`}<blockquote class="md-q">${blocks(node.children)}</blockquote>`,
  list: (node, lead) => {
    const items = node.children.map((item) => html`<li>${blocks(item.children)}</li>`);
    return html`${lead && html`<p class="mt">${lead}</p>`}${node.ordered ? html`<ol class="md-l md-ol" start=${node.start}>${items}</ol>` : html`<ul class="md-l">${items}</ul>`}`;
  },
  code: (node, lead) => html`${lead && html`<p class="mt">${lead}</p>`}<${Code} node=${node} />`,
  rule: (node, lead) => html`${lead && html`<p class="mt">${lead}</p>`}<hr class="sep" />`,
  table: (node, lead) => html`${lead && html`<p class="mt">${lead}</p>`}<div class="md-t" tabindex="0" role="group" aria-label=${t('table.label')}>
      <table>${node.children.map((section) => (section.type === 'head' ? html`<thead>${section.children.map((row) => cells(row, 'th'))}</thead>` : html`<tbody>${section.children.map((row) => cells(row, 'td'))}</tbody>`))}</table>
    </div>`,
};

const cells = (row, tag) => html`<tr>${row.children.map((cell) => html`<${tag} class=${cell.align && `md-${cell.align}`}>${inline(cell.children)}<//>`)}</tr>`;

export function Withheld({ words, onWhy }) {
  return html`<div class="redact">
    <span class="bars" aria-hidden="true"></span>
    <p>${icon('eye-off')}<span>${words} ${onWhy && html`<button type="button" class="link" onClick=${onWhy}>${t('why')}</button>`}</span></p>
  </div>`;
}

/** The text of a message, part by part, each with its portion mark. */
export function Text({ parts, roomMarking, onWhy }) {
  const { store } = useClient();
  const { workspace } = store.state;
  return parts.map((part) => {
    if (part.withheld) return html`<${Withheld} words=${t('withheld.part')} onWhy=${onWhy} />`;
    const mark = markOf(workspace, part.marking);
    const lead = html`<${Portion} mark=${mark} usual=${part.marking === roomMarking} />`;
    const nodes = treeOf(part);
    return nodes.length ? blocks(nodes, lead) : html`<p class="mt">${lead}</p>`;
  });
}
