// The requirement builder: rows and text are two views of one thing. The server turns one into the other, says it in
// words, and tells who would lose access; nothing is saved before the form is sent.
import { t } from './words.js';

const form = document.getElementById('requirement');
const { attributes, words } = JSON.parse(document.getElementById('builder-data').textContent);
const known = new Map(attributes.map((one) => [one.name, one]));
const rowsNode = form.querySelector('[data-rows]');
const text = form.elements.text;
const problem = document.getElementById('problem');
const WAIT = 300;
const asRows = () => ({ rows });
const asText = () => ({ text: text.value });
const unclosed = new WeakSet();
let rows = [];
let timer = 0;
let view = asText; // what was edited last: it is what counts
let state = 0; // counts every edit
let clean = -1; // the state that the server last took
let held = false; // whether the form is to be sent as soon as the server has taken it
form.querySelector('[data-rows-card]').hidden = false;
form.querySelector('[data-add]').addEventListener('click', () => {
  const first = attributes.find((one) => one.about === 'subject') ?? attributes[0];
  rows.push({ attribute: first.name, operator: first.operators[0], values: [] });
  paint();
  rowsNode.lastElementChild.querySelector('select').focus();
  ask(asRows);
});
text.addEventListener('input', () => ask(asText));
form.addEventListener('change', (event) => {
  if (event.target.name === 'named') ask(view);
});
form.addEventListener('submit', (event) => {
  if (clean === state) return;
  event.preventDefault();
  clearTimeout(timer);
  held = true;
  send();
});
send();

function ask(edited) {
  view = edited;
  state += 1;
  held = false;
  clearTimeout(timer);
  timer = setTimeout(send, WAIT);
}

/** Rows say something only when each has its value; until then the text stands as it was, and is not sent. */
function incomplete() {
  return rows.findIndex((row) => row.operator !== 'present' && !row.reference && row.values.length === 0);
}

function lacks(index) {
  const n = index + 1;
  return unclosed.has(rows[index]) ? t('builder.unclosed', { n }) : t('builder.incomplete', { n });
}

async function send() {
  const mine = state;
  const what = view();
  const open = 'rows' in what ? incomplete() : -1;
  const missing = open < 0 ? '' : lacks(open);
  form.querySelector('[data-open]').textContent = missing;
  if (open >= 0) {
    complain(null);
    return held && refuse(open, missing);
  }
  const named = [...form.querySelectorAll('[name="named"]:checked')].map((box) => box.value);
  const answer = await fetch(form.dataset.preview, {
    method: 'POST',
    redirect: 'error',
    headers: { 'Content-Type': 'application/json', 'X-CSRFToken': form.elements.csrfmiddlewaretoken.value },
    body: JSON.stringify({ ...what, named }),
  }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  if (mine !== state) return;
  if (told?.text === undefined) return complain(told?.problem ?? { message: t('builder.silent'), remedy: '' });
  clean = mine;
  complain(null);
  if ('rows' in what) text.value = told.text;
  else {
    rows = told.rows;
    paint();
  }
  list(form.querySelector('[data-words]'), told.words);
  roster(told.roster);
  if (!held) return;
  held = false;
  form.requestSubmit();
}

function complain(found) {
  for (const node of rowsNode.querySelectorAll('.errorlist')) node.remove();
  problem.hidden = !found;
  text.setAttribute('aria-invalid', String(Boolean(found)));
  if (!found) return;
  const place = found.line ? ` (${t('builder.place', found)})` : '';
  const words_ = `${found.message}${place} ${found.remedy}`.trim();
  problem.querySelector('[data-problem]').textContent = words_;
  const row = view === asRows ? /^conditions\[(\d+)\]/.exec(found.field ?? '') : null;
  if (row) refuse(Number(row[1]), words_);
  else if (held) text.focus();
  held = false;
}

/** Say beside a row why it cannot be taken, and go there if somebody wanted to send the form. */
function refuse(index, words_) {
  const node = rowsNode.children[index];
  const told = make('p', 'errorlist', words_);
  told.setAttribute('role', 'alert');
  node.append(told);
  if (held) node.querySelector('.b-value :is(input, select)')?.focus();
  held = false;
}

// rows

function paint() {
  form.querySelector('[data-nothing]').hidden = rows.length > 0;
  rowsNode.replaceChildren(...rows.map(rowNode));
}

function rowNode(row, index) {
  const node = make('div', 'b-row');
  node.setAttribute('role', 'group');
  node.setAttribute('aria-label', t('builder.condition', { n: index + 1 }));
  const attribute = choose(t('builder.attribute'), attributes.map((one) => [one.name, one.label, one.about]), row.attribute, (value) => {
    const chosen = known.get(value);
    rows[index] = { attribute: value, operator: chosen.operators.includes(row.operator) ? row.operator : chosen.operators[0], values: [] };
    changed(index, t('builder.operator'));
  });
  const one = known.get(row.attribute);
  const operator = choose(t('builder.operator'), one.operators.map((name) => [name, words[name]]), row.operator, (value) => {
    rows[index] = { attribute: row.attribute, operator: value, values: value === 'present' ? [] : row.values.slice(0, one.sets.includes(value) ? undefined : 1) };
    changed(index, t('builder.operator'));
  });
  node.append(attribute, operator, valueNode(row, one, index), removeNode(index));
  return node;
}

function valueNode(row, one, index) {
  if (row.operator === 'present') return make('span', 'b-value');
  const others = one.others[row.operator] ?? [];
  const box = make('div', 'b-value');
  if (others.length) {
    const options = [['', t('builder.the_value')], ...others.map((name) => [name, known.get(name).label, known.get(name).about])];
    box.append(
      choose(t('builder.compare'), options, row.reference ?? '', (value) => {
        rows[index] = value ? { attribute: row.attribute, operator: row.operator, values: [], reference: value } : { attribute: row.attribute, operator: row.operator, values: [] };
        changed(index, t('builder.compare'));
      }),
    );
  }
  if (row.reference) return box;
  box.append(one.values.length && !one.sets.includes(row.operator) ? oneOf(row, one, index) : typed(row, one, index));
  return box;
}

function oneOf(row, one, index) {
  const options = [['', t('builder.choose')], ...one.values.map((value) => [value, value])];
  return choose(t('builder.value'), options, row.values[0] ?? '', (value) => {
    rows[index].values = value ? [value] : [];
    ask(asRows);
  });
}

function typed(row, one, index) {
  const field = make('input', 'input');
  const several = one.sets.includes(row.operator);
  field.setAttribute('aria-label', t('builder.value'));
  field.placeholder = several ? t('builder.several') : t('builder.one');
  field.value = several ? row.values.map(quoted).join(', ') : (row.values[0] ?? '');
  if (several && one.values.length) field.title = one.values.join(', ');
  field.addEventListener('input', () => {
    const values = several ? parted(field.value) : [field.value.trim()].filter(Boolean);
    rows[index].values = values ?? [];
    if (values) unclosed.delete(rows[index]);
    else unclosed.add(rows[index]);
    ask(asRows);
  });
  return field;
}

/** A value as it stands among others: between quotation marks where a comma would part it. */
function quoted(value) {
  return /[,"\\]|^\s|\s$/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;
}

/** The values between commas; null where a quotation mark is left open or stands inside of a bare value. */
function parted(line) {
  const found = [];
  for (const [part] of line.matchAll(/(?:\s*"(?:[^"\\]|\\.)*"\s*(?=,|$)|[^,]+)/g)) {
    const bare = part.trim();
    const inside = /^"((?:[^"\\]|\\.)*)"$/.exec(bare);
    if (inside) found.push(inside[1].replace(/\\(.)/g, '$1'));
    else if (bare.includes('"')) return null;
    else if (bare) found.push(bare);
  }
  return found;
}

function removeNode(index) {
  const button = make('button', 'ib ib-sm');
  button.type = 'button';
  button.setAttribute('aria-label', t('builder.remove', { n: index + 1 }));
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'i i-sm');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', '#i-x');
  svg.append(use);
  button.append(svg);
  button.addEventListener('click', () => {
    rows.splice(index, 1);
    paint();
    (rowsNode.children[Math.min(index, rows.length - 1)]?.querySelector('select') ?? form.querySelector('[data-add]')).focus();
    ask(asRows);
  });
  return button;
}

function changed(index, label) {
  paint();
  rowsNode.children[index].querySelector(`[aria-label="${label}"]`)?.focus();
  ask(asRows);
}

function choose(label, options, value, then) {
  const field = make('select', 'select');
  field.setAttribute('aria-label', label);
  const groups = new Map();
  for (const [name, words_, about] of options) {
    const option = make('option');
    option.value = name;
    option.textContent = words_;
    option.selected = name === value;
    if (!about) field.append(option);
    else {
      if (!groups.has(about)) {
        const group = make('optgroup');
        group.label = t(`builder.${about}`);
        groups.set(about, group);
        field.append(group);
      }
      groups.get(about).append(option);
    }
  }
  field.addEventListener('change', () => then(field.value));
  return field;
}

// the finding

function roster(told) {
  const node = form.querySelector('[data-roster]');
  const finding = make('p', told.loses ? 'note note-warn' : 'note note-ok');
  finding.append(make('span', '', told.finding));
  const parts = [finding];
  if (told.ownerless) parts.push(note(t('roster.ownerless')));
  if (told.yourself) parts.push(note(t('roster.yourself')));
  parts.push(people('roster.lose', told.loses, told.who_loses), people('roster.unsure', told.unsure, told.who_unsure));
  if (told.returns) parts.push(make('p', 'sec', t('roster.return', { n: told.returns })));
  node.replaceChildren(...parts.filter(Boolean));
}

function people(title, count, who) {
  if (!count) return null;
  const box = make('div', 'who-list');
  box.append(make('h3', '', t(title, { n: count })));
  const items = who.map((one) => {
    const item = make('li');
    item.append(make('b', '', one.owner ? t('roster.owner', { name: one.name }) : one.name));
    if (one.missing.length) item.append(make('code', 'l2', one.missing.join(', ')));
    return item;
  });
  if (count > who.length) items.push(make('li', 'muted', t('roster.more', { n: count - who.length })));
  const listed = make('ul');
  listed.append(...items);
  box.append(listed);
  return box;
}

function note(words_) {
  const made = make('p', 'note note-warn');
  made.append(make('span', '', words_));
  return made;
}

function list(node, items) {
  node.replaceChildren(...(items.length ? items : [t('builder.nothing')]).map((item) => make('li', '', item)));
}

function make(name, kind = '', words_ = '') {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (words_) made.textContent = words_;
  return made;
}
