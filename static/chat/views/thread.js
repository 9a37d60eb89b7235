// One thread in the panel: the message it hangs on, the replies, a box of its own.
import { useMemo } from 'preact/hooks';
import { html, useClient, useStore, useTick } from '../dom.js';
import { t } from '../i18n.js';
import { rowsOf } from '../rows.js';
import { nameOf, writes } from '../state/select.js';
import { EMPTY } from '../state/timeline.js';
import { Spinner } from './basics.js';
import { Composer } from './composer.js';
import { Feed } from './feed.js';
import { drawRow } from './message.js';
import { PanelFrame } from './panel.js';

function Replies({ room, thread, info, timeline }) {
  const { store, act } = useClient();
  const outbox = useStore((state) => state.outbox);
  const mine = outbox.filter((item) => item.thread === thread);
  useTick(500, mine.some((item) => item.status === 'sending'));
  const rows = useMemo(() => rowsOf({ timeline: withoutRoot(timeline, info), outbox: mine, me: store.state.me.id, days: false }), [timeline, outbox, info]);
  const draw = drawRow(room, thread, 3);
  const root = info.root && { key: `root-${info.root.id}`, kind: 'message', message: { ...info.root, thread: null }, first: true };
  const head = html`${root && draw(root, { active: false, focus: () => {}, key: root.key })}<li class="th-sep"><h3>${info.root?.view === 'withheld' ? t('thread.label') : t('thread.replies', { n: info.replies })}</h3></li>`;
  const seen = (message) => info.unread && act.rooms.markRead(room.id, message, thread);
  return html`<${Feed} rows=${rows} epoch=${timeline.epoch} name="pb thread" label=${t('thread.label')} me=${store.state.me.id} moreBefore=${timeline.moreBefore} moreAfter=${false} head=${head}
    onOlder=${() => act.threads.older(thread)} onNewer=${() => {}} onLatest=${() => {}} onSeen=${seen} draw=${draw} />`;
}

function withoutRoot(timeline, info) {
  return info.root && timeline.messages[info.root.id] ? { ...timeline, order: timeline.order.filter((id) => id !== info.root.id) } : timeline;
}

export function Thread({ room, thread, narrow, onClose }) {
  const { act } = useClient();
  const known = useStore((state) => state.threads[thread]);
  const name = useStore((state) => nameOf(state, room));
  const timeline = known?.timeline ?? EMPTY;
  const info = known?.info;
  const shown = info && timeline.status !== 'idle' && timeline.status !== 'failed' && (timeline.status === 'ready' || timeline.order.length);
  const sub = info?.following ? t('thread.following', { room: name }) : name;
  return html`<${PanelFrame} title=${info?.title || t('thread.title')} sub=${sub} label=${t('thread.close')} narrow=${narrow} onClose=${onClose}>
    ${timeline.status === 'failed' && html`<div class="pb"><div class="note note-warn"><div>${timeline.error?.text || t('error.unknown')} <button type="button" class="link" onClick=${() => act.threads.load(thread)}>${t('failed.again')}</button></div></div></div>`}
    ${!shown && timeline.status !== 'failed' && html`<div class="pb"><${Spinner} text=${t('feed.loading')} /></div>`}
    ${shown && html`<${Replies} room=${room} thread=${thread} info=${info} timeline=${timeline} />`}
    ${shown && writes(room) && html`<${Composer} room=${room} place=${thread} thread=${thread} slim label=${t('thread.reply_here')} autofocus=${!narrow} />`}
  <//>`;
}
