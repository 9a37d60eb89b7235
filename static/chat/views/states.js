// What stands in the place of messages: nothing unread, an empty room, access ended, not checkable, not found.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { html, icon, useClient, useStore, useTick } from '../dom.js';
import { parts, t } from '../i18n.js';
import { can, groupsOf, nameOf, readable } from '../state/select.js';
import { secondOf } from '../time.js';
import { copy } from './basics.js';

const CHECK_EVERY = 10_000;
const RETURNS = { public: 'ended.returns_public', direct: 'ended.returns_direct' };
const Back = () => html`<a class="ib back state-back" href="#/" aria-label=${t('rooms.back')}>${icon('left', '')}</a>`;

function Facts({ facts }) {
  const client = useClient();
  return html`<dl class="facts">${facts.filter(([, value]) => value).map(([name, value, code]) => html`<div><dt>${name}</dt><dd class=${code ? 'mono' : 'num'}>${value}${code && html` <button type="button" class="ib ib-sm" aria-label=${t('decision.copy')} onClick=${() => copy(value, client)}>${icon('copy', 'i-xs')}</button>`}</dd></div>`)}</dl>`;
}

/** The heading takes the focus when this pane comes. */
function useHeading() {
  const ref = useRef();
  useLayoutEffect(() => ref.current.focus(), []);
  return ref;
}

export function Ended({ ended }) {
  const { store, act } = useClient();
  const heading = useHeading();
  const next = useStore((state) => Object.values(state.rooms).find((room) => readable(room) && room.favourite) ?? Object.values(state.rooms).find(readable));
  return html`<main class="main" aria-labelledby="lost-t"><section class="state"><${Back} />
    <div class="state-in">
      <span class="state-i danger">${icon('shield-x', 'i-xl')}</span>
      <h1 id="lost-t" tabindex="-1" ref=${heading}>${parts('ended.title', { room: html`<span class="nowrap">${ended.name}</span>` })}</h1>
      <p>${ended.reason?.words || t('ended.no_words')}</p>
      <ul class="did">${ended.taken.messages && html`<li>${icon('check')}${t('ended.removed')}</li>`}${ended.taken.unsent && html`<li>${icon('check')}${t('ended.draft')}</li>`}<li>${icon('check')}${t('ended.stays')}</li></ul>
      <${Facts} facts=${[[t('ended.decision'), ended.decision, true], [t('ended.time'), secondOf(ended.at)], [t('ended.policy'), ended.reason?.policy]]} />
      ${next && html`<div class="acts"><button type="button" class="btn btn-primary" onClick=${() => act.rooms.open(next.id)}>${t('ended.go', { room: nameOf(store.state, next) })}</button></div>`}
      <p class="fine">${t(RETURNS[ended.kind] ?? 'ended.returns')}</p>
    </div>
  </section></main>`;
}

export function Covered({ room }) {
  const { act, store } = useClient();
  const up = useStore((state) => state.connection.up);
  const [asking, setAsking] = useState(false);
  const [next, setNext] = useState(Date.now() + CHECK_EVERY);
  useTick(1000);
  const check = () => {
    setNext(Date.now() + CHECK_EVERY);
    setAsking(true);
    act.rooms.checkNow(room.id).finally(() => setAsking(false));
  };
  const stepUp = room.cover?.state === 'step_up' || room.access.state === 'step_up';
  useEffect(() => {
    if (stepUp || !up) return undefined;
    const timer = setTimeout(check, Math.max(0, next - Date.now()));
    return () => clearTimeout(timer);
  }, [next, up, stepUp]);
  const name = nameOf(store.state, room);
  const ghosts = html`<div class="ghost" aria-hidden="true">${Array.from({ length: 7 }, () => html`<i></i>`)}</div>`;
  if (stepUp) {
    return html`<section class="state veil" aria-labelledby="vf-t">${ghosts}<div class="state-in"><span class="state-i">${icon('key', 'i-xl')}</span><h2 id="vf-t">${t('step_up.title', { room: name })}</h2><p>${room.cover?.reason?.words ?? t('step_up.text')}</p>
      <div class="acts"><button type="button" class="btn btn-primary" onClick=${() => act.account.askStepUp({ room: room.id })}>${t('step_up.confirm')}</button></div></div></section>`;
  }
  const left = Math.max(0, Math.ceil((next - Date.now()) / 1000));
  return html`<section class="state veil" aria-labelledby="vf-t">${ghosts}
    <div class="state-in">
      <span class="state-i warn">${icon('shield-q', 'i-xl')}</span>
      <h2 id="vf-t">${t('covered.title')}</h2>
      <p>${t(up ? 'covered.text' : 'covered.text_offline')}</p>
      <${Facts} facts=${[[t('covered.last'), store.state.connection.lastSync && secondOf(store.state.connection.lastSync)], [t('covered.since'), room.cover?.since && secondOf(room.cover.since)], up && [t('covered.next'), asking ? t('conn.trying') : t('covered.in', { n: left })]].filter(Boolean)} />
      ${up && html`<div class="acts"><button type="button" class="btn" onClick=${check}>${icon('refresh')}${t('covered.now')}</button></div>`}
    </div>
  </section>`;
}

export function Start({ room, inList }) {
  const { act, store } = useClient();
  const name = nameOf(store.state, room);
  const words = room.requirement?.words;
  const rule = Array.isArray(words) ? words.join(', ') : words;
  const named = room.kind !== 'direct';
  const people = t('start.people', { n: room.member_count });
  const text = room.kind === 'direct' ? t('start.direct') : room.governed ? t('start.governed', { rule: rule || room.requirement?.text || '', people }) : t(room.kind === 'public' ? 'start.public' : 'start.private', { people });
  const inside = html`<div class="state-in">
    <h2>${t(room.kind === 'direct' ? 'start.title_direct' : 'start.title', { room: name })}</h2>
    <p>${text}</p>
    ${!inList && html`<div class="acts">
      ${named && can(room, 'room:room:update') && html`<button type="button" class="btn" onClick=${() => act.overlay({ kind: 'edit_room', room: room.id })}>${icon('edit')}${t('room.add_topic')}</button>`}
      ${named && can(room, 'room:member:add') && html`<button type="button" class="btn" onClick=${() => act.overlay({ kind: 'add_member', room: room.id })}>${icon('plus')}${t('members.add')}</button>`}
      <button type="button" class="btn" onClick=${() => act.rooms.open(room.id, { kind: 'access' })}>${icon('shield-check')}${t('start.policy')}</button>
    </div>`}
  </div>`;
  return inList ? html`<div class="start start-in">${inside}</div>` : html`<section class="state start" id="messages">${inside}</section>`;
}

export function Failed({ error, onAgain }) {
  if (error?.code === 'not_found') return html`<${NotFound} inner />`;
  return html`<section class="state"><div class="state-in"><span class="state-i warn">${icon('alert', 'i-xl')}</span><h2>${t('failed.title')}</h2><p>${error?.text || t('error.unknown')}</p>${error?.decision && html`<${Facts} facts=${[[t('ended.decision'), error.decision, true]]} />`}<div class="acts"><button type="button" class="btn" onClick=${onAgain}>${icon('refresh')}${t('failed.again')}</button></div></div></section>`;
}

/** The same page for a room that never was, is gone, or may not be known. */
export function NotFound({ inner }) {
  const heading = useHeading();
  const pane = html`<section class="state">${!inner && html`<${Back} />`}<div class="state-in"><span class="state-i">${icon('search', 'i-xl')}</span><h1 tabindex="-1" ref=${heading}>${t('not_found.title')}</h1><p>${t('not_found.text')}</p></div></section>`;
  return inner ? pane : html`<main class="main">${pane}</main>`;
}

const Shortcuts = () => html`<dl class="keys"><div><dt><kbd>Ctrl</kbd> <kbd>K</kbd></dt><dd>${t('keys.jump')}</dd></div><div><dt><kbd>Alt</kbd> <kbd>↓</kbd></dt><dd>${t('keys.next_unread')}</dd></div><div><dt><kbd>?</kbd></dt><dd>${t('keys.all')}</dd></div></dl>`;

export function CaughtUp({ mentions }) {
  return html`<section class="state" aria-labelledby="wel-t"><${Back} /><div class="state-in">
    <span class="state-i">${icon('checks', 'i-xl')}</span><h1 id="wel-t" tabindex="-1">${t(mentions ? 'caught_up.mentions' : 'caught_up.title')}</h1><p>${t('caught_up.text')}</p><${Shortcuts} />
  </div></section>`;
}

export function Welcome() {
  const workspace = useStore((state) => state.workspace.name);
  const empty = useStore((state) => !groupsOf(state).some((group) => group.rooms.length));
  const { act } = useClient();
  return html`<main class="main"><section class="state" aria-labelledby="wel-t"><div class="state-in">
    <span class="state-i">${icon('mark', 'i-xl')}</span><h1 id="wel-t" tabindex="-1">${t('welcome.title', { workspace })}</h1><p>${t(empty ? 'welcome.empty' : 'welcome.text')}</p>
    ${empty && html`<div class="acts"><button type="button" class="btn btn-primary" onClick=${() => act.overlay({ kind: 'browse' })}>${t('browse.title')}</button></div>`}<${Shortcuts} />
  </div></section></main>`;
}

