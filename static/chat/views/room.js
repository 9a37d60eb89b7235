// The open room: header, what the connection is doing, messages or the state that stands in their place, message box.
import { useMemo, useState } from 'preact/hooks';
import { cls, html, icon, useClient, useStore, useTick } from '../dom.js';
import { count, t } from '../i18n.js';
import { rowsOf } from '../rows.js';
import { can, nameOf, readable, writes } from '../state/select.js';
import { EMPTY } from '../state/timeline.js';
import { secondOf } from '../time.js';
import { Spinner } from './basics.js';
import { Composer } from './composer.js';
import { Feed } from './feed.js';
import { drawRow } from './message.js';
import { RoomMenu } from './roommenu.js';
import { roomIcon } from './sidebar.js';
import { Covered, Failed, Start } from './states.js';

/** A requirement in one line, as short as it is written. */
function ruleOf(requirement) {
  const text = requirement?.text?.replaceAll('>=', '≥').replaceAll('<=', '≤').replaceAll('!=', '≠').replace(/\s+AND\s+/gi, ' ∧ ').replace(/\s+OR\s+/gi, ' ∨ ').replace(/\s+/g, ' ');
  return text || [requirement?.words ?? []].flat().join(' ∧ ');
}

/** The policy badge: what guards the room and how the last check went. */
function PolicyBadge({ room }) {
  const { act, store } = useClient();
  const open = useStore((state) => state.route.panel?.kind === 'access');
  const rule = ruleOf(room.requirement);
  const kind = room.cover ? (room.cover.state === 'step_up' ? 'step_up' : 'covered') : room.checking ? 'checking' : room.governed ? 'permitted' : room.kind === 'public' ? 'public' : 'members';
  const symbol = { covered: 'shield-q', step_up: 'key', checking: 'refresh', permitted: 'shield-check', members: 'shield-check', public: 'users' }[kind];
  const text = kind === 'covered' ? t('policy.covered') : kind === 'step_up' ? t('policy.step_up') : ['members', 'public'].includes(kind) ? t(`policy.${kind}`) : rule || t('policy.governed');
  const toggle = () => act.go({ view: 'room', room: room.id, panel: open ? null : { kind: 'access' } });
  return html`<button type="button" class=${cls('pol', ['covered', 'step_up'].includes(kind) && 'pol-warn')} aria-expanded=${String(open)} aria-describedby="pol-d" onClick=${toggle}>
    <span class=${kind === 'checking' ? 'spin' : ''}>${icon(symbol)}</span><span class="pol-x">${room.governed && html`<b>${t('policy.abac')}</b> `}${text}</span>
    <span class="vh" id="pol-d">${t(`policy.says_${kind}`)}</span>
  </button>`;
}

export function RoomHeader({ room }) {
  const { store, act } = useClient();
  const panel = useStore((state) => state.route.panel?.kind);
  const unreadThreads = useStore((state) => (state.threadList?.items ?? []).filter((thread) => thread.room === room.id && thread.unread).length);
  const [menu, setMenu] = useState(false);
  const toggle = (kind) => act.go({ view: 'room', room: room.id, panel: panel === kind ? null : { kind } });
  const shown = readable(room);
  return html`<header class="rh">
    <a class="ib back" href="#/" aria-label=${t('rooms.back')}>${icon('left', '')}</a>
    <div class="rh-main">
      <div class="rh-top"><h1 class="rh-name truncate" id="room-title" tabindex="-1">${roomIcon(room)}<span class="truncate">${nameOf(store.state, room)}</span></h1><${PolicyBadge} room=${room} /></div>
      <p class="rh-topic truncate">${room.topic || (can(room, 'room:room:update') && room.kind !== 'direct' && shown && html`<button type="button" class="link" onClick=${() => act.overlay({ kind: 'edit_room', room: room.id })}>${t('room.add_topic')}</button>`)}</p>
    </div>
    <div class="rh-acts">
      ${shown && html`<button type="button" class="ib hide-s" aria-label=${t('room.threads', { n: unreadThreads })} aria-expanded=${String(panel === 'threads' || panel === 'thread')} onClick=${() => toggle('threads')}>${icon('thread', '')}${unreadThreads > 0 && html`<span class="dot" aria-hidden="true"></span>`}</button>
      <button type="button" class="ib ib-count hide-s" aria-label=${t('room.members', { n: room.member_count })} aria-expanded=${String(panel === 'members')} onClick=${() => toggle('members')}>${icon('users', '')}<span class="num">${count(room.member_count)}</span></button>`}
      <button type="button" class="ib" aria-label=${t('room.more')} aria-haspopup="menu" aria-expanded=${String(menu)} onClick=${() => setMenu(!menu)}>${icon('more', '')}</button>
    </div>
    ${menu && html`<${RoomMenu} room=${room} onClose=${() => setMenu(false)} />`}
  </header>`;
}

export function ConnectionBar() {
  const { retryNow } = useClient();
  const connection = useStore((state) => state.connection);
  const phase = useStore((state) => state.phase);
  const outbox = useStore((state) => state.outbox);
  useTick(1000, phase === 'reconnecting');
  if (phase !== 'reconnecting') return null;
  const waits = outbox.filter((item) => item.status === 'waiting' || item.status === 'sending').length;
  const needs = outbox.filter((item) => ['refused', 'failed', 'held'].includes(item.status)).length;
  const queue = [waits && t('conn.waits', { n: waits }), needs && t('conn.needs', { n: needs }), (waits || needs) && t('conn.checked')].filter(Boolean).join(' ');
  const left = Math.max(0, Math.ceil((connection.nextTry - Date.now()) / 1000));
  return html`<div class="conn">
    <span role="status" class="conn-said">${icon('refresh')}<span class="grow"><b>${t('conn.title')}</b> ${connection.lastSync && t('conn.since', { time: secondOf(connection.lastSync) })} <span class="hide-s">${queue}</span></span></span>
    <span class="num muted hide-s">${left ? t('conn.next', { n: left }) : t('conn.trying')}</span><button type="button" class="btn btn-sm" onClick=${retryNow}>${t('conn.now')}</button>
  </div>`;
}

function Messages({ room }) {
  const { store, act } = useClient();
  const timeline = useStore((state) => state.timelines[room.id] ?? EMPTY);
  const outbox = useStore((state) => state.outbox);
  const notes = useStore((state) => state.notes);
  const me = store.state.me.id;
  const mine = outbox.filter((item) => item.room === room.id && !item.thread && !item.replyTo);
  useTick(500, mine.some((item) => item.status === 'sending'));
  const rows = useMemo(() => rowsOf({ timeline, notes: notes.filter((note) => note.room === room.id), outbox: mine, me }), [timeline, outbox, notes]);
  if (timeline.status === 'failed') return html`<${Failed} error=${timeline.error} onAgain=${() => act.rooms.load(room.id)} />`;
  if (timeline.status === 'idle' || (timeline.status === 'loading' && !timeline.order.length)) return html`<div class="state"><${Spinner} text=${t('feed.loading')} /></div>`;
  if (!rows.length) return html`<${Start} room=${room} />`;
  return html`<${Feed} rows=${rows} epoch=${timeline.epoch} label=${t('feed.label', { room: nameOf(store.state, room) })} id="messages" me=${me} unread=${room.unread}
    moreBefore=${timeline.moreBefore} moreAfter=${timeline.moreAfter} head=${html`<li class="ml-head"><${Start} room=${room} inList /></li>`}
    onOlder=${() => act.rooms.older(room.id)} onNewer=${() => act.rooms.newer(room.id)} onLatest=${() => act.rooms.latest(room.id)}
    onSeen=${(message) => seen(store, act, room.id, message)} draw=${drawRow(room, room.id)} />`;
}

/** The mark of what was read only moves forward. */
function seen(store, act, room, message) {
  const { order } = store.state.timelines[room] ?? EMPTY;
  const known = store.state.rooms[room];
  const last = order.indexOf(known?.last_read);
  if (!known || order.indexOf(message) <= last || (!known.unread && last < 0 && known.last_read)) return;
  act.rooms.markRead(room, message);
}

export function Room({ room, narrow }) {
  const { store } = useClient();
  const up = useStore((state) => state.connection.up);
  const writing = writes(room);
  const label = t('composer.message', { room: nameOf(store.state, room) });
  const shown = readable(room);
  return html`<main class="main" aria-labelledby="room-title" data-region-main>
    <${RoomHeader} room=${room} />
    <${ConnectionBar} />
    ${shown ? html`<${Messages} key=${room.id} room=${room} />` : html`<${Covered} room=${room} />`}
    ${shown && writing && html`<${Composer} key=${`c-${room.id}`} room=${room} place=${room.id} label=${label} autofocus=${!narrow && up} />`}
    ${shown && !writing && html`<p class="readonly">${icon('lock')}${t(room.state === 'archived' ? 'room.is_archived' : 'room.read_only')}</p>`}
  </main>`;
}

