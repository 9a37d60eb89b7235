// Short questions before what cannot be taken back, and the history of a message.
import { useEffect, useState } from 'preact/hooks';
import { cls, html, icon, useClient, useStore } from '../dom.js';
import { t } from '../i18n.js';
import { nameOf } from '../state/select.js';
import { fullOf } from '../time.js';
import { Dialog, DialogHead, Spinner } from './basics.js';
import { Composer } from './composer.js';
import { Text } from './text.js';

function Question({ title, text, confirm, danger, onClose, onYes, children }) {
  return html`<${Dialog} class="dialog formdlg" labelledby="q-t" describedby="q-d" onClose=${onClose}>
    <${DialogHead} id="q-t" title=${title} onClose=${onClose} />
    <p id="q-d" class="q-text">${text}</p>${children}
    <div class="step-a"><button type="button" class="btn" autofocus onClick=${onClose}>${t('cancel')}</button><button type="button" class=${cls('btn', danger ? 'btn-danger' : 'btn-primary')} onClick=${() => { onClose(); onYes(); }}>${confirm}</button></div>
  <//>`;
}

const messageOf = (state, { room, message }) => state.timelines[room]?.messages[message] ?? Object.values(state.threads).map((thread) => thread.timeline.messages[message]).find(Boolean);

export function DeleteMessage({ overlay, onClose }) {
  const { act } = useClient();
  const message = useStore((state) => messageOf(state, overlay));
  const room = useStore((state) => state.rooms[overlay.room]);
  if (!message || !room) return null;
  return html`<${Question} title=${t('delete.title')} text=${t('delete.text')} confirm=${t('delete.confirm')} danger onClose=${onClose} onYes=${() => act.messages.delete(message)}><div class="q-msg"><${Text} parts=${message.parts} roomMarking=${room.marking} /></div><//>`;
}

export function LeaveRoom({ overlay, onClose }) {
  const { act, store } = useClient();
  const room = store.state.rooms[overlay.room];
  return html`<${Question} title=${t('leave.title', { room: nameOf(store.state, room) })} text=${t(room.kind === 'public' ? 'leave.text_public' : 'leave.text')} confirm=${t('leave.confirm')} danger onClose=${onClose} onYes=${() => act.rooms.leave(room.id)} />`;
}

export function ArchiveRoom({ overlay, onClose }) {
  const { act, store } = useClient();
  const room = store.state.rooms[overlay.room];
  return html`<${Question} title=${t('archive.title', { room: nameOf(store.state, room) })} text=${t('archive.text')} confirm=${t('archive.confirm')} onClose=${onClose} onYes=${() => act.rooms.archive(room.id)} />`;
}

export function SignOutEverywhere({ onClose }) {
  const { act } = useClient();
  return html`<${Question} title=${t('session.everywhere_title')} text=${t('session.everywhere_text')} confirm=${t('session.sign_out_everywhere')} danger onClose=${onClose} onYes=${() => act.account.signOutEverywhere()} />`;
}

export function History({ overlay, onClose }) {
  const client = useClient();
  const [revisions, setRevisions] = useState(null);
  useEffect(() => {
    client.act.messages.history(overlay.message).then(setRevisions, (refusal) => { onClose(); client.complain(refusal); });
  }, []);
  return html`<${Dialog} class="dialog formdlg" labelledby="h-t" onClose=${onClose}>
    <${DialogHead} id="h-t" title=${t('history.title')} onClose=${onClose} />
    ${!revisions ? html`<${Spinner} text=${t('feed.loading')} />` : html`<ol class="revs">${revisions.map((revision) => html`<li><h3>${t('history.revision', { n: revision.revision, time: fullOf(revision.at) })}</h3><p class="pre">${revision.body ?? revision.parts.map((part) => part.md).join('\n')}</p></li>`)}</ol>`}
  <//>`;
}

/** A reply to a message that has no thread yet: the first reply makes it. */
export function StartThread({ overlay, onClose }) {
  const { act } = useClient();
  const room = useStore((state) => state.rooms[overlay.room]);
  const message = useStore((state) => messageOf(state, overlay));
  const pending = useStore((state) => state.outbox.find((item) => item.replyTo === overlay.message));
  const thread = message?.thread?.id ?? pending?.inThread;
  useEffect(() => {
    if (!thread) return;
    onClose();
    act.go({ view: 'room', room: room.id, panel: { kind: 'thread', thread } });
  }, [thread]);
  if (!room || !message) return null;
  const failed = pending && ['refused', 'failed', 'held'].includes(pending.status);
  return html`<${Dialog} class="dialog formdlg starter" labelledby="st-t" onClose=${onClose}>
    <${DialogHead} id="st-t" title=${t('thread.reply')} onClose=${onClose} />
    <div class="q-msg"><${Text} parts=${message.parts} roomMarking=${room.marking} /></div>
    ${pending && html`<p class=${cls('qs', failed && 'err')} role="status">${icon(failed ? 'alert' : 'clock', 'i-xs')}${failed ? t('outbox.refused', { reason: pending.reason || t('outbox.no_reason') }) : t('outbox.sending')}${failed && html` <button type="button" class="link" onClick=${() => { act.messages.draft(`reply-${message.id}`, { text: pending.body, marking: pending.marking }); act.outbox.discard(pending.clientId); }}>${t('outbox.edit')}</button>`}</p>`}
    ${(!pending || failed) && html`<${Composer} room=${room} place=${`reply-${message.id}`} replyTo=${message.id} slim label=${t('thread.reply_here')} autofocus />`}
  <//>`;
}
