// The three lists over all rooms: unread, mentions, threads.
import { useEffect } from 'preact/hooks';
import { html, icon, useClient, useStore } from '../dom.js';
import { plain } from '../markdown.js';
import { counted, t } from '../i18n.js';
import { markOf } from '../marks.js';
import { countOf, inOrder, isMention, nameOf, otherOf, readable } from '../state/select.js';
import { when } from '../time.js';
import { Avatar, Badge, Portion, Spinner } from './basics.js';
import { ConnectionBar } from './room.js';
import { roomIcon } from './sidebar.js';
import { CaughtUp } from './states.js';

function Pane({ title, children }) {
  return html`<main class="main" aria-labelledby="inbox-t" data-region-main><header class="rh"><a class="ib back" href="#/" aria-label=${t('rooms.back')}>${icon('left', '')}</a><div class="rh-main"><h1 class="rh-name" id="inbox-t" tabindex="-1">${title}</h1></div></header><${ConnectionBar} />${children}</main>`;
}

function Rooms({ rooms, word }) {
  const { act, store } = useClient();
  return html`<div class="feed scroll inbox" data-region="messages"><ul class="inbox-l">${rooms.map((room) => {
    const mark = markOf(store.state.workspace, room.marking);
    return html`<li key=${room.id}><button type="button" class="inbox-r" onClick=${() => act.rooms.open(room.id)}>${room.kind === 'direct' ? html`<${Avatar} person=${otherOf(store.state, room)} size="xs" presence />` : roomIcon(room)}<span class="grow"><b class="truncate">${room.name}</b>${room.topic && html`<span class="inbox-s truncate">${room.topic}</span>`}</span>${room.last_at && html`<span class="inbox-s num">${when(room.last_at)}</span>`}<${Badge} n=${isMention(room) ? room.mentions || room.unread : countOf(room)} mention=${isMention(room)} word=${word} /><span class=${`rr-mk pm pm-${mark.bar}`}>${mark.short.split('//')[0]}</span></button></li>`;
  })}</ul></div>`;
}

export function Unread() {
  const state = useStore((whole) => whole);
  const rooms = inOrder(state).filter((room) => countOf(room) > 0);
  if (!rooms.length) return html`<main class="main" data-region-main><${ConnectionBar} /><${CaughtUp} /></main>`;
  return html`<${Pane} title=${t('top.unread')}><${Rooms} rooms=${rooms} word=${t('rooms.word_unread')} /><//>`;
}

export function Mentions() {
  const state = useStore((whole) => whole);
  const rooms = inOrder(state).filter(isMention);
  if (!rooms.length) return html`<main class="main" data-region-main><${ConnectionBar} /><${CaughtUp} mentions /></main>`;
  return html`<${Pane} title=${t('top.mentions')}><${Rooms} rooms=${rooms} word=${t('rooms.word_mentions')} /><//>`;
}

/** Threads of one room or of all, newest first. */
export function ThreadList({ room }) {
  const { act, store } = useClient();
  const list = useStore((state) => (room ? state.roomThreads[room] : state.threadList));
  useEffect(() => { act.threads.list(room ?? null); }, [room]);
  if (!list) return html`<${Spinner} text=${t('threads.loading')} />`;
  const items = list.items.filter((thread) => readable(store.state.rooms[thread.room]));
  if (!items.length) return html`<p class="fine threads-none">${t(room ? 'threads.none_here' : 'threads.none')}</p>`;
  return html`<ul class="threads">${items.map((thread) => html`<${ThreadRow} key=${thread.id} thread=${thread} named=${!room} />`)}</ul>
    ${list.before && html`<button type="button" class="link small" onClick=${() => act.threads.list(room ?? null, true)}>${t('threads.more')}</button>`}`;
}

/** What the first message says to this reader; of a thread that hangs on none there is nothing to say. */
function RootLine({ root, room }) {
  const { store } = useClient();
  if (!root) return null;
  const part = root.view === 'withheld' ? null : root.parts.find((one) => !one.withheld);
  if (root.deleted) return html`<span class="thread-x">${t('deleted.root')}</span>`;
  if (part) return html`<span class="thread-x"><${Portion} mark=${markOf(store.state.workspace, part.marking)} usual=${part.marking === room.marking} />${plain(part.md).slice(0, 160)}</span>`;
  return html`<span class="thread-x">${t(root.view === 'unreadable' ? 'withheld.unreadable' : 'withheld.short')}</span>`;
}

function ThreadRow({ thread, named }) {
  const { act, store } = useClient();
  const room = store.state.rooms[thread.room];
  const author = store.state.people[thread.root?.author];
  const told = thread.root?.view !== 'withheld';
  const open = useStore((state) => state.route.panel?.thread === thread.id);
  return html`<li><button type="button" class="thread-r" aria-current=${open ? 'true' : undefined} onClick=${() => act.go({ view: 'room', room: thread.room, panel: { kind: 'thread', thread: thread.id } })}>
    <${Avatar} person=${author} size="sm" />
    <span class="grow"><span class="srm"><b class="truncate">${thread.title || author?.name || t('thread.title')}</b><span class="muted nowrap">${[named && nameOf(store.state, room), thread.last_at && when(thread.last_at)].filter(Boolean).join(' · ')}</span></span>
      <${RootLine} root=${thread.root} room=${room} />
      ${told && html`<span class="ts-n">${t('thread.replies', { n: thread.replies })}</span>`}${thread.unread > 0 && html` <span class="ts-new">${t('feed.new', { n: counted(thread.unread) })}</span>`}</span>
  </button></li>`;
}

export const Threads = () => html`<${Pane} title=${t('top.threads')}><div class="feed scroll inbox" data-region="messages" tabindex="0" role="region" aria-label=${t('top.threads')}><div class="inbox-l"><${ThreadList} /></div></div><//>`;
