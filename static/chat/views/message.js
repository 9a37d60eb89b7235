// One row of the list: a message, one that is not confirmed yet, a day, the "new" line, a system line.
import { useRef, useState } from 'preact/hooks';
import { Still, cls, hidden, html, icon, useClient, useStore } from '../dom.js';
import { emojiName } from '../emoji.js';
import { count, counted, parts, t } from '../i18n.js';
import { markOf } from '../marks.js';
import { keeps, writes } from '../state/select.js';
import { dayOf, fullOf, hourOf, when } from '../time.js';
import { Avatar, Menu, MenuItem, Portion } from './basics.js';
import { EmojiPicker } from './emoji.js';
import { quoteOf, sourceOf } from './source.js';
import { Text, Withheld } from './text.js';

const NEEDS = 420;
const NOTE_ICON = { revoked: 'shield-x', returned: 'shield-check', joined: 'user', left: 'logout' };

export const DayRow = ({ at }) => html`<li class="day"><h2>${dayOf(at)}</h2></li>`;

export function NewRow({ row, level = 2 }) {
  const text = row.n ? parts('feed.new_since', { n: row.n, count: html`<span>${t('feed.new', { n: counted(row.n, row.more) })}</span>`, time: when(row.since) }) : html`<span>${t('feed.new_plain')}</span>`;
  return html`<li class="new" data-key="new">${level === 2 ? html`<h2>${text}</h2>` : html`<h3>${text}</h3>`}</li>`;
}

export function NoteRow({ note }) {
  const person = useStore((state) => state.people[note.user]);
  const key = `note.${note.change}${note.by === 'policy' ? '_policy' : ''}`;
  return html`<li class="sys">${icon(NOTE_ICON[note.change] ?? 'info')}<p>${parts(key, { who: html`<b>${person?.name ?? t('someone')}</b>` })}</p><time datetime=${note.at}>${hourOf(note.at)}</time></li>`;
}

function Reactions({ message, tab }) {
  const { store, act } = useClient();
  const [picking, setPicking] = useState(false);
  if (!message.reactions.length) return null;
  const names = (reaction) => reaction.people.map((id) => (id === store.state.me.id ? t('you') : (store.state.people[id]?.name ?? '?'))).join(', ');
  return html`<div class="rx">
    ${message.reactions.map((reaction) => html`<button type="button" key=${reaction.emoji} class=${cls('rxn', reaction.mine && 'on')} tabindex=${tab} aria-pressed=${String(Boolean(reaction.mine))} title=${names(reaction)} onClick=${() => act.messages.react(message, reaction.emoji)}>
      <span aria-hidden="true">${reaction.emoji}</span><span class="num">${count(reaction.count)}</span>${hidden(` ${emojiName(reaction.emoji)}${reaction.mine ? t('reaction.mine') : ''}`)}
    </button>`)}
    <span class="rx-at"><button type="button" class="rxn rx-add" tabindex=${tab} aria-label=${t('reaction.add')} aria-expanded=${String(picking)} onClick=${() => setPicking(!picking)}>${icon('smile')}</button>
    ${picking && html`<${EmojiPicker} onPick=${(emoji) => { setPicking(false); act.messages.react(message, emoji); }} onClose=${() => setPicking(false)} />`}</span>
  </div>`;
}

function ThreadSummary({ message, tab }) {
  const { store, act } = useClient();
  const open = useStore((state) => state.route.panel?.thread === message.thread.id);
  const { thread } = message;
  const unread = useStore((state) => thread.unread ?? state.threadList?.items.find((item) => item.id === thread.id)?.unread ?? 0);
  return html`<button type="button" class="ts" tabindex=${tab} aria-expanded=${String(open)} onClick=${() => act.go({ view: 'room', room: store.state.route.room, panel: { kind: 'thread', thread: thread.id } })}>
    <span class="av-stack" aria-hidden="true">${thread.participants.slice(0, 3).map((id) => html`<${Avatar} key=${id} person=${store.state.people[id]} size="xs" />`)}</span>
    ${thread.title && html`<b class="truncate ts-t">${thread.title}</b>`}
    <span class="ts-n">${t('thread.replies', { n: thread.replies })}</span>
    ${unread > 0 && html`<span class="ts-new">${t('feed.new', { n: counted(unread) })}</span>`}
    ${thread.last_at && html`<span class="ts-last">${t('thread.last', { time: when(thread.last_at) })}</span>`}
  </button>`;
}

function Body({ message, room, tab, place }) {
  const { act } = useClient();
  const why = () => act.rooms.open(room.id, { kind: 'access' });
  if (message.deleted) return html`<p class="tomb tomb-msg">${icon('minus')}<span class="tomb-m">${t(`deleted.${message.deleted.by}`, { time: when(message.deleted.at) })}</span></p>`;
  if (message.view === 'withheld') return html`<${Withheld} words=${t('withheld.message')} onWhy=${why} />`;
  if (message.view === 'unreadable') return html`<${Withheld} words=${t('withheld.unreadable')} />`;
  return html`
    ${message.in_thread && place === room.id && html`<button type="button" class="link small" tabindex=${tab} onClick=${() => act.go({ view: 'room', room: room.id, panel: { kind: 'thread', thread: message.in_thread } })}>${t('thread.from')}</button>`}
    <${Text} parts=${message.parts} roomMarking=${room.marking} onWhy=${why} />
    <${Reactions} message=${message} tab=${tab} />
    ${message.thread && place === room.id && html`<${ThreadSummary} message=${message} tab=${tab} />`}`;
}

/** What a person may do with a message here. */
export function powersOver(state, room, message) {
  const mine = message.author === state.me.id;
  const whole = message.view === 'full' && !message.deleted;
  const seen = ['full', 'redacted'].includes(message.view) && !message.deleted;
  return {
    react: seen && writes(room), thread: !message.deleted && !message.in_thread && writes(room), quote: whole && writes(room),
    edit: mine && whole && writes(room), delete: !message.deleted && ((mine && writes(room)) || keeps(room)), history: Boolean(message.edited_at) && whole,
  };
}

function useDoings(message, room, place) {
  const client = useClient();
  const { act, store } = client;
  return {
    thread: () => (message.thread ? act.go({ view: 'room', room: room.id, panel: { kind: 'thread', thread: message.thread.id } }) : act.overlay({ kind: 'start_thread', room: room.id, message: message.id })),
    quote: () => { act.messages.draft(place, { ...store.state.drafts[place], text: `${store.state.drafts[place]?.text ?? ''}${quoteOf(message)}`, at: Date.now() }); document.querySelector(`[data-composer="${place}"] textarea`)?.focus(); },
    edit: () => { act.messages.startEdit(place, message); document.querySelector(`[data-composer="${place}"] textarea`)?.focus(); },
    delete: () => act.overlay({ kind: 'delete', room: room.id, message: message.id }),
    history: () => act.overlay({ kind: 'history', room: room.id, message: message.id }),
    unread: () => act.rooms.unreadFrom(room.id, message.id),
    copy: () => navigator.clipboard.writeText(sourceOf(store.state, message)).then(() => client.announcer.say(t('copied')), () => client.notice('warn', t('error.copy'))),
  };
}

function Tools({ message, room, powers, doings, picking, setPicking, tab }) {
  const { act } = useClient();
  const [menu, setMenu] = useState(false);
  const bar = useRef();
  const up = (menu || picking) && bar.current?.getBoundingClientRect().bottom > innerHeight - NEEDS;
  const pick = (work) => () => { setMenu(false); work(); };
  return html`<div ref=${bar} class=${cls('tools', (menu || picking) && 'held', up && 'up')} role="toolbar" aria-label=${t('message.tools')}>
    ${powers.react && html`<button type="button" class="ib ib-sm" tabindex=${tab} aria-label=${t('reaction.react')} aria-expanded=${String(picking)} onClick=${() => setPicking(!picking)}>${icon('smile')}</button>`}
    ${powers.thread && html`<button type="button" class="ib ib-sm" tabindex=${tab} aria-label=${t('thread.reply')} onClick=${doings.thread}>${icon('thread')}</button>`}
    <button type="button" class="ib ib-sm" tabindex=${tab} aria-label=${t('message.more')} aria-haspopup="menu" aria-expanded=${String(menu)} onClick=${() => setMenu(!menu)}>${icon('more')}</button>
    ${picking && html`<${EmojiPicker} end onPick=${(emoji) => { setPicking(false); act.messages.react(message, emoji); }} onClose=${() => setPicking(false)} />`}
    ${menu && html`<${Menu} label=${t('message.more')} class="tools-menu" onClose=${() => setMenu(false)}>
      ${powers.quote && html`<${MenuItem} name="reply" onPick=${pick(doings.quote)} end=${html`<kbd>R</kbd>`}>${t('message.quote')}<//>`}
      ${powers.edit && html`<${MenuItem} name="edit" onPick=${pick(doings.edit)} end=${html`<kbd>E</kbd>`}>${t('message.edit')}<//>`}
      ${message.view === 'full' && !message.deleted && html`<${MenuItem} name="copy" onPick=${pick(doings.copy)}>${t('message.copy')}<//>`}
      <${MenuItem} name="inbox" onPick=${pick(doings.unread)} end=${html`<kbd>U</kbd>`}>${t('message.unread')}<//>
      ${powers.history && html`<${MenuItem} name="history" onPick=${pick(doings.history)}>${t('message.history')}<//>`}
      ${powers.delete && html`<${MenuItem} name="x" danger onPick=${pick(doings.delete)}>${t('message.delete')}<//>`}
    <//>`}
  </div>`;
}

function Head({ author, message, sent }) {
  return html`<div class="mh">
    <h3>${author?.name ?? t('someone')}</h3>
    ${author?.bot ? html`<span class="tag">${t('app')}</span>` : author?.title && html`<span class="mo">${author.title}</span>`}
    ${author && author.active === false && html`<span class="tag">${t('deactivated')}</span>`}
    <time datetime=${message.at} title=${fullOf(message.at)}>${hourOf(message.at)}</time>
    ${message.edited_at && html`<span class="ed" title=${fullOf(message.edited_at)}>${t('edited')}</span>`}
    ${sent && html`<span class="sent">${icon('check', 'i-xs')}${hidden(t('sent'))}</span>`}
  </div>`;
}

function MessageRow({ row, room, place, active, focus }) {
  const { store } = useClient();
  const { message } = row;
  const author = useStore((state) => state.people[message.author]);
  const [hot, setHot] = useState(false);
  const [picking, setPicking] = useState(false);
  const powers = powersOver(store.state, room, message);
  const doings = useDoings(message, room, place);
  const tab = active ? 0 : -1;
  const mine = message.author === store.state.me.id;
  const keys = (event) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.altKey || event.metaKey) return;
    const work = { t: powers.thread && doings.thread, r: powers.quote && doings.quote, e: powers.edit && doings.edit, '+': powers.react && (() => setPicking(true)), u: doings.unread }[event.key.toLowerCase()];
    if (!work) return;
    event.preventDefault();
    work();
  };
  return html`<li class=${cls('msg', row.first && 'first', message.mentions_me && !mine && 'ping')} data-key=${row.key} data-message=${message.id} tabindex=${tab}
    onFocus=${(event) => event.target === event.currentTarget && !active && focus(row.key)} onKeyDown=${keys} onPointerEnter=${() => setHot(true)} onPointerLeave=${() => setHot(false)}>
    ${row.first ? html`<${Avatar} person=${author} size=${place === room.id ? '' : 'sm'} />` : html`<time class="gt" datetime=${message.at} title=${fullOf(message.at)}>${hourOf(message.at)}</time>`}
    <div class="mb">
      ${row.first ? html`<${Head} author=${author} message=${message} sent=${mine && !message.deleted && Boolean(store.state.confirmed[message.client_id])} />` : hidden(`${author?.name ?? t('someone')} `)}
      <${Body} message=${message} room=${room} tab=${tab} place=${place} />
      ${!row.first && message.edited_at && html`<span class="ed">${t('edited')}</span>`}
    </div>
    ${(hot || active || picking) && html`<${Tools} message=${message} room=${room} powers=${powers} doings=${doings} picking=${picking} setPicking=${setPicking} tab=${tab} />`}
  </li>`;
}

const PENDING = { sending: 'outbox.sending', waiting: 'outbox.waiting', step_up: 'outbox.step_up', failed: 'outbox.failed' };

function PendingRow({ row, room, place, active, focus }) {
  const { store, act } = useClient();
  const { item } = row;
  const bad = ['refused', 'failed', 'held', 'step_up'].includes(item.status);
  const late = item.status !== 'sent' && (bad || item.status === 'waiting' || Date.now() - item.createdAt > 400);
  const mark = markOf(store.state.workspace, item.marking);
  const text = item.status === 'refused' ? t('outbox.refused', { reason: item.reason || t('outbox.no_reason') }) : item.status === 'held' ? t(`outbox.held_${item.reason}`) : PENDING[item.status] ? t(PENDING[item.status]) : '';
  const edit = () => { act.messages.draft(place, { text: item.body, marking: item.marking, at: Date.now() }); act.outbox.discard(item.clientId); document.querySelector(`[data-composer="${place}"] textarea`)?.focus(); };
  const tab = active ? 0 : -1;
  return html`<li class=${cls('msg', row.first && 'first', late && 'queued', bad && 'failed')} data-key=${row.key} tabindex=${tab} onFocus=${(event) => event.target === event.currentTarget && !active && focus(row.key)}>
    ${row.first && !late ? html`<${Avatar} person=${store.state.me} size=${place === room.id ? '' : 'sm'} />` : html`<span class="gt">${late && icon(bad ? 'alert' : 'clock', 'i-xs')}</span>`}
    <div class="mb">
      ${row.first && !late && html`<${Head} author=${store.state.me} message=${{ at: row.at }} sent=${item.status === 'sent'} />`}
      <p class="mt"><${Portion} mark=${mark} usual=${item.marking === room.marking} /><span class="pre">${item.body}</span></p>
      ${late && text && html`<p class="qs">${text}${item.remedy && ` ${item.remedy}`}
        ${item.decision && html` <span class="mono">${t('decision.short', { id: item.decision })}</span>`}
        ${item.status === 'step_up' && html` <button type="button" class="link" onClick=${() => act.account.askStepUp({ clientId: item.clientId })}>${t('step_up.confirm')}</button>`}
        ${(item.status === 'failed' || item.status === 'held') && html` <button type="button" class="link" onClick=${() => act.outbox.again(item.clientId)}>${t(item.status === 'held' ? 'outbox.send_now' : 'outbox.again')}</button>`}
        ${bad && html` <button type="button" class="link" onClick=${edit}>${t('outbox.edit')}</button> <button type="button" class="link" onClick=${() => act.outbox.discard(item.clientId)}>${t('outbox.discard')}</button>`}</p>`}
    </div>
  </li>`;
}

/** Draws a row; a message again only when something of it changed. */
export const drawRow = (room, place, level) => (row, { active, focus, key }) => {
  if (row.kind === 'day') return html`<${DayRow} key=${key} at=${row.at} />`;
  if (row.kind === 'new') return html`<${NewRow} key=${key} row=${row} level=${level} />`;
  if (row.kind === 'note') return html`<${NoteRow} key=${key} note=${row.note} />`;
  if (row.kind === 'pending') return html`<${PendingRow} key=${key} row=${row} room=${room} place=${place} active=${active} focus=${focus} />`;
  return html`<${Still} key=${key} on=${[row.message, row.first, active, room.marking, room.powers, room.role]} draw=${() => html`<${MessageRow} row=${row} room=${room} place=${place} active=${active} focus=${focus} />`} />`;
};
