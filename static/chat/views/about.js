// What the room is.
import { html, icon, useClient, useStore } from '../dom.js';
import { t } from '../i18n.js';
import { markOf, written } from '../marks.js';
import { can, nameOf } from '../state/select.js';

export function About({ room }) {
  const { act, store } = useClient();
  const name = useStore((state) => nameOf(state, room));
  const mark = markOf(store.state.workspace, room.marking);
  const facts = [[t('about.name'), name], [t('about.kind'), t(`kind.${room.kind}`)], [t('about.topic'), room.topic || t('about.no_topic')], [t('about.role'), room.role ? t(`role.${room.role}`) : ''], [t('about.state'), t(`about.state_${room.state ?? 'active'}`)]];
  return html`<dl class="about">
    ${facts.filter(([, value]) => value).map(([title, value]) => html`<div><dt>${title}</dt><dd>${value}</dd></div>`)}
    <div><dt>${t('about.marking')}</dt><dd class="about-mk"><span class=${`mk-swatch mk-${mark.bar}`} aria-hidden="true"></span>${written(room.marking)}</dd></div>
  </dl>
  <div class="acts">${can(room, 'room:room:update') && room.kind !== 'direct' && html`<button type="button" class="btn" onClick=${() => act.overlay({ kind: 'edit_room', room: room.id })}>${icon('edit')}${t('room.edit')}</button>`}
  ${can(room, 'room:member:leave') && html`<button type="button" class="btn" onClick=${() => act.overlay({ kind: 'leave', room: room.id })}>${icon('logout')}${t('room.leave')}</button>`}</div>`;
}
