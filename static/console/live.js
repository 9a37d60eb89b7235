// Live figures: asked for every ten seconds, with Pause. What could not be asked for goes grey and says how old it is.
import { t } from './words.js';

const lede = document.querySelector('[data-live]');
const pause = document.querySelector('[data-pause]');
const age = document.querySelector('[data-age]');
let at = new Date();
let paused = false;

if (pause) {
  const every = Number(lede.dataset.seconds) * 1000;
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
    if (!paused) ask();
    tell();
  });
  setInterval(() => {
    if (!paused && !document.hidden) ask();
    tell();
  }, every);
}

async function ask() {
  const answer = await fetch(lede.dataset.url, { redirect: 'error', headers: { Accept: 'application/json', 'X-Unattended': '1' } }).catch(() => null);
  if (!answer?.ok) return tell();
  show(await answer.json());
  at = new Date();
  tell();
}

function tell() {
  const seconds = Math.round((Date.now() - at.getTime()) / 1000);
  const stale = paused || seconds > 2 * Number(lede.dataset.seconds);
  document.body.classList.toggle('stale', stale);
  if (!age) return;
  const old = seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  if (stale) age.textContent = t(paused ? 'live.paused' : 'live.silent', { age: old });
  else age.textContent = t('live.last', { seconds: lede.dataset.seconds, at: at.toISOString().slice(11, 19) });
}

function show(told) {
  put(lede, '[data-lede]', told.lede.words);
  put(lede, '[data-lede-more]', told.lede.more);
  const sign = lede.querySelector('[data-lede-i]');
  sign.className = `lede-i ${told.lede.tone}`;
  sign.querySelector('use').setAttribute('href', `#i-${told.lede.icon}`);
  for (const card of told.cards) showCard(document.querySelector(`[data-card="${card.name}"]`), card);
  if (told.chart) showChart(document.querySelector('[data-chart]'), told.chart);
  for (const control of told.controls) showControl(document.querySelector(`[data-control="${control.name}"]`), control);
  if (told.refused) showRefused(told.refused);
}

function showCard(node, card) {
  if (!node) return;
  put(node, '[data-big]', card.big);
  put(node, '[data-sub]', card.sub);
  for (const [effect, , count] of card.parts) put(node, `[data-part="${effect}"]`, count);
  draw(node, card.paths);
  if (card.chart) node.querySelector('svg.spark')?.setAttribute('aria-label', card.chart);
}

function showChart(node, chart) {
  if (!node) return;
  draw(node, chart.paths);
  for (const [effect, count] of Object.entries(chart.now)) put(node, `[data-now="${effect}"]`, count);
  marks(node.querySelector('[data-scale="tops"]'), chart.tops);
  marks(node.querySelector('[data-scale="lows"]'), chart.lows);
  marks(node.querySelector('[data-hours]'), chart.hours);
  node.querySelector('.plot-a').setAttribute('aria-label', chart.said);
  const minutes = chart.rows.map((row) => {
    const line = element('tr');
    const head = element('th', row.at);
    head.scope = 'row';
    line.append(head, ...['permit', 'deny', 'redact', 'error'].map((effect) => element('td', row[effect], 'r')));
    return line;
  });
  node.querySelector('[data-minutes]').replaceChildren(...minutes);
}

function showControl(node, control) {
  if (!node) return;
  put(node, '[data-detail]', control.detail);
  const word = node.querySelector('[data-word]');
  word.className = `st ${control.tone}`;
  word.querySelector('use').setAttribute('href', `#i-${control.symbol}`);
  word.querySelector('span').textContent = control.word;
}

function showRefused(rows) {
  const table = document.querySelector('[data-refused]');
  const none = document.querySelector('[data-refused-none]');
  if (!table) return;
  table.hidden = rows.length === 0;
  none.hidden = rows.length > 0;
  table.tBodies[0].replaceChildren(...rows.map(refusedRow));
}

function refusedRow(row) {
  const line = element('tr');
  const who = element('td');
  who.append(element('b', row.who), element('span', row.where ? `${row.what}, ${row.where}` : row.what, 'l2'));
  const last = element('td');
  if (row.explain) {
    const link = element('a', t('live.explain'), 'link');
    link.href = row.explain;
    link.append(element('span', ` ${row.who}`, 'vh'));
    last.append(link);
  }
  line.append(element('td', row.at, 'num'), who, element('td', row.why[0] ?? '', 'wrap'), last);
  return line;
}

function element(name, text = '', kind = '') {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function put(within, selector, text) {
  const node = within.querySelector(selector);
  if (node) node.textContent = text;
}

function draw(within, paths) {
  for (const [name, d] of Object.entries(paths)) within.querySelector(`[data-path="${name}"]`)?.setAttribute('d', d);
}

function marks(node, texts) {
  node?.replaceChildren(...texts.map((text) => element('span', text)));
}
