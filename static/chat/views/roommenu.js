// What can be done with a room, as far as the person may.
import { html, useClient } from '../dom.js';
import { t } from '../i18n.js';
import { can } from '../state/select.js';
import { Menu, MenuItem } from './basics.js';

export function RoomMenu({ room, onClose }) {
  const { act } = useClient();
  const then = (work) => () => { onClose(); work(); };
  const panel = (kind) => then(() => act.rooms.open(room.id, { kind }));
  const named = room.kind === 'public' || room.kind === 'private';
  return html`<${Menu} label=${t('room.more')} class="room-menu" onClose=${onClose}>
    <${MenuItem} name="star" onPick=${then(() => act.rooms.favourite(room.id, !room.favourite))}>${t(room.favourite ? 'room.unfavourite' : 'room.favourite')}<//>
    <${MenuItem} name=${room.muted ? 'bell' : 'bell-off'} onPick=${then(() => act.rooms.mute(room.id, !room.muted))}>${t(room.muted ? 'room.unmute' : 'room.mute')}<//>
    <${MenuItem} name="checks" onPick=${then(() => act.rooms.markAllRead(room.id))} end=${html`<kbd>Esc</kbd>`}>${t('room.mark_read')}<//>
    <hr class="sep" />
    <${MenuItem} name="shield-check" onPick=${panel('access')} end=${html`<kbd>Alt W</kbd>`}>${t('panel.access')}<//>
    <${MenuItem} name="users" onPick=${panel('members')}>${t('panel.members')}<//>
    <${MenuItem} name="thread" onPick=${panel('threads')}>${t('panel.threads')}<//>
    <${MenuItem} name="info" onPick=${panel('about')}>${t('panel.about')}<//>
    ${((can(room, 'room:member:add') && room.kind !== 'direct') || (can(room, 'room:room:update') && named)) && html`<hr class="sep" />`}
    ${can(room, 'room:member:add') && room.kind !== 'direct' && html`<${MenuItem} name="plus" onPick=${then(() => act.overlay({ kind: 'add_member', room: room.id }))}>${t('members.add')}<//>`}
    ${can(room, 'room:room:update') && named && html`<${MenuItem} name="edit" onPick=${then(() => act.overlay({ kind: 'edit_room', room: room.id }))}>${t('room.edit')}<//>`}
    ${can(room, 'room:room:archive') && room.state !== 'archived' && html`<${MenuItem} name="inbox" onPick=${then(() => act.overlay({ kind: 'archive', room: room.id }))}>${t('room.archive')}<//>`}
    ${can(room, 'room:room:unarchive') && room.state === 'archived' && html`<${MenuItem} name="history" onPick=${then(() => act.rooms.unarchive(room.id))}>${t('room.unarchive')}<//>`}
    ${can(room, 'room:member:leave') && html`<hr class="sep" /><${MenuItem} name="logout" danger onPick=${then(() => act.overlay({ kind: 'leave', room: room.id }))}>${t('room.leave')}<//>`}
  <//>`;
}
