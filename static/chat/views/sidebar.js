// The list of rooms.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { cls, hidden, html, icon, useClient, useStore } from '../dom.js';
import { t } from '../i18n.js';
import { markOf, written } from '../marks.js';
import { countOf, groupsOf, hasPower, isMention, otherOf, totals } from '../state/select.js';
import { hashOf } from '../route.js';
import { when } from '../time.js';
import { Avatar, Badge, presenceWord } from './basics.js';
import { WorkspaceMenu } from './workspace.js';

const CLOSED = 'cordon.closed-groups';

/** Which groups are closed is remembered on this device; it names no room. */
function useClosed() {
  const [closed, setClosed] = useState(() => {
    try {
      return new Set(JSON.parse(localStorage.getItem(CLOSED)) ?? []);
    } catch {
      return new Set();
    }
  });
  const toggle = (key) => {
    const next = new Set(closed);
    if (!next.delete(key)) next.add(key);
    setClosed(next);
    try {
      localStorage.setItem(CLOSED, JSON.stringify([...next]));
    } catch {
      // It is remembered only for as long as the page lives.
    }
  };
  return [closed, toggle];
}

export function roomIcon(room) {
  if (room.gone) return icon('shield-x');
  if (room.access?.state === 'step_up') return icon('key');
  return icon({ public: 'hash', private: 'lock', group: 'users', incident: 'siren' }[room.kind] ?? 'user');
}

function RoomRow({ room, current }) {
  const { store, act } = useClient();
  const person = room.kind === 'direct' ? otherOf(store.state, room) : null;
  const mark = markOf(store.state.workspace, room.marking);
  const draft = useStore((state) => Boolean(state.drafts[room.id]?.text) && !current);
  const n = countOf(room);
  const mention = isMention(room);
  const names = ['rr', n > 0 && 'unread', current && 'on', room.muted && 'muted-room', room.gone && 'gone', room.state === 'archived' && 'quiet'];
  return html`<li><a class=${cls(...names)} href=${hashOf({ view: 'room', room: room.id, panel: null })} data-room=${room.id} aria-current=${current ? 'page' : undefined} onClick=${(event) => { if (event.ctrlKey || event.metaKey) return; event.preventDefault(); act.rooms.open(room.id); }}>
    ${person && !room.gone ? html`<${Avatar} person=${person} size="xs" presence />` : roomIcon(room)}
    <span class="rr-name truncate">${room.name}</span>
    ${person && hidden(presenceWord(person))}
    ${room.gone && html`<span class="rr-end">${t('rooms.ended')}</span>`}
    ${room.access?.state === 'step_up' && hidden(t('rooms.step_up'))}
    ${room.state === 'archived' && html`<span class="rr-end">${t('rooms.archived')}</span>`}
    ${room.muted && html`${icon('bell-off', 'i-xs')}${hidden(t('rooms.muted'))}`}
    ${draft && html`<span class="rr-draft">${icon('edit', 'i-xs')}${hidden(t('rooms.draft'))}</span>`}
    <${Badge} n=${mention ? room.mentions || n : n} mention=${mention} word=${t(mention ? 'rooms.word_mentions' : 'rooms.word_unread')} />
    ${!room.gone && room.kind !== 'direct' && html`<span class=${`rr-mk pm pm-${mark.bar}`}>${hidden(t('rooms.marked'))}${mark.short.split('//')[0]}</span>`}
    ${!room.gone && room.kind === 'direct' && n > 0 && html`<span class="rr-mk"></span>`}
  </a></li>`;
}

const ADD = { channels: 'browse', direct: 'new_direct' };

function Group({ group, closed, toggle, current }) {
  const { act } = useClient();
  const open = !closed.has(group.key);
  const id = `g-${group.key}`;
  const shown = open ? group.rooms : group.rooms.filter((room) => room.id === current || countOf(room) > 0);
  return html`<section class="rg" aria-labelledby=${id}>
    <h2 class="rg-h"><button type="button" id=${id} aria-expanded=${String(open)} onClick=${() => toggle(group.key)}>${icon(open ? 'chev-d' : 'chev-r', 'i-xs')}${t(`group.${group.key}`)}</button>
      ${ADD[group.key] && html`<button type="button" class="ib ib-sm rg-add" aria-label=${t(`group.add_${group.key}`)} onClick=${() => act.overlay({ kind: ADD[group.key] })}>${icon('plus')}</button>`}</h2>
    <ul class="rl">${shown.map((room) => html`<${RoomRow} key=${room.id} room=${room} current=${room.id === current} />`)}</ul>
  </section>`;
}

function Top({ view, name, symbol, n, more = false, mention, word }) {
  const current = useStore((state) => state.route.view);
  return html`<li><a class=${cls('rr', current === view && 'on')} href=${`#/${view}`} aria-current=${current === view ? 'page' : undefined}>${icon(symbol)}<span class="rr-name">${name}</span><${Badge} n=${n} more=${more} mention=${mention} word=${word} /><span class="rr-mk"></span></a></li>`;
}

function Me() {
  const { act } = useClient();
  const me = useStore((state) => state.me);
  const session = useStore((state) => state.session);
  return html`<div class="me">
    <${Avatar} person=${me} size="sm" presence />
    <span class="grow"><span class="me-name truncate">${me.name}</span><span class="me-sub truncate">${session?.expires_at ? t('me.until', { time: when(session.expires_at) }) : t(`presence.${me.presence}`)}</span></span>
    <button type="button" class="ib ib-sm" aria-label=${t('settings.title')} onClick=${() => act.overlay({ kind: 'settings', tab: 'look' })}>${icon('sliders')}</button>
  </div>`;
}

/** One tab stop per list: the row that had the focus last, at first that of what is open; arrows move between all rows. */
function useRows(place) {
  const list = useRef();
  const last = useRef({});
  const settle = (focused) => {
    const rows = [...list.current.querySelectorAll('a.rr')];
    if (focused || last.current.place !== place) last.current = { place, row: focused };
    const stop = [last.current.row, rows.find((row) => row.matches('[aria-current]')), rows[0]].find((row) => rows.includes(row));
    for (const row of rows) row.tabIndex = row === stop ? 0 : -1;
  };
  useLayoutEffect(() => settle(list.current.contains(document.activeElement) && document.activeElement.matches('a.rr') ? document.activeElement : undefined));
  const onFocusIn = (event) => event.target.matches('a.rr') && settle(event.target);
  const onKeyDown = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !event.target.matches('a.rr')) return;
    const rows = [...list.current.querySelectorAll('a.rr')];
    const at = rows.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined) return;
    rows[to]?.focus();
    event.preventDefault();
  };
  return { ref: list, onFocusIn, onKeyDown };
}

export function Sidebar({ narrow }) {
  const { act } = useClient();
  const state = useStore((whole) => whole);
  const [closed, toggle] = useClosed();
  const [menu, setMenu] = useState(false);
  const { workspace } = state;
  const ceiling = markOf(workspace, workspace.ceiling);
  const { unread, mentions, threads } = totals(state);
  const current = state.route.view === 'room' ? state.route.room : null;
  const rows = useRows(`${state.route.view} ${current}`);
  const tag = narrow ? 'main' : 'nav';
  return html`<${tag} class="side" aria-label=${t('rooms.title')} data-region="rooms">
    ${narrow && html`<h1 class="vh" tabindex="-1">${t('rooms.title')}</h1>`}
    <div class="side-head">
      <button type="button" class="ws" aria-haspopup="menu" aria-expanded=${String(menu)} onClick=${() => setMenu(!menu)}>
        <span class="ws-logo" aria-hidden="true"><svg class="i" aria-hidden="true"><use href="#i-mark" /></svg></span>
        <span class="ws-text"><span class="ws-name truncate">${workspace.name}</span><span class="ws-sub truncate"><span class=${`mk-swatch mk-${ceiling.bar}`} aria-hidden="true"></span>${t('workspace.up_to', { marking: written(workspace.ceiling) })}</span></span>
        ${hidden(t('workspace.menu'))}<span class="ws-more" aria-hidden="true">${icon('updown')}</span>
      </button>
      <button type="button" class="ib" aria-label=${t('rooms.new')} onClick=${() => act.overlay({ kind: hasPower(state, 'create_rooms') ? 'new' : 'new_direct' })}>${icon('edit', '')}</button>
    </div>
    ${menu && html`<${WorkspaceMenu} onClose=${() => setMenu(false)} />`}
    <button type="button" class="jump" onClick=${() => act.overlay({ kind: 'switcher' })}>${icon('search')}<span class="grow">${t('rooms.jump')}</span><kbd>Ctrl K</kbd></button>
    <div class="side-scroll scroll" ...${rows}>
      <ul class="rl rl-top">
        <${Top} view="unread" name=${t('top.unread')} symbol="inbox" ...${unread} word=${t('rooms.word_unread')} />
        <${Top} view="mentions" name=${t('top.mentions')} symbol="at" ...${mentions} mention word=${t('rooms.word_mentions')} />
        <${Top} view="threads" name=${t('top.threads')} symbol="thread" n=${threads} word=${t('rooms.word_unread')} />
      </ul>
      ${groupsOf(state).map((group) => html`<${Group} key=${group.key} group=${group} closed=${closed} toggle=${toggle} current=${current} />`)}
    </div>
    <${Me} />
  <//>`;
}

