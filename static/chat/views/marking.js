// The marking of the message: the room's own, or a lower one that the person may post; the others are shown and say why they are off.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { html, icon, useClient, useOutside, useStore } from '../dom.js';
import { t } from '../i18n.js';
import { written } from '../marks.js';
import { choices } from '../state/select.js';

export function MarkingMenu({ room, chosen, onPick, onClose }) {
  const { store, act } = useClient();
  const ref = useRef();
  const marks = choices(store.state, room);
  const [at, setAt] = useState(Math.max(0, marks.findIndex((mark) => mark.name === chosen)));
  const audience = useStore((state) => state.audience);
  useOutside(ref, onClose);
  useEffect(() => {
    marks.filter((mark) => !mark.off).forEach((mark) => act.rooms.audience(room.id, mark.name));
  }, []);
  useLayoutEffect(() => ref.current.querySelector('[role="listbox"]').focus(), []);
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((marks.length + at + step) % marks.length);
    else if (event.key === 'Enter' || event.key === ' ') { if (!marks[at].off) onPick(marks[at].name); }
    else if (event.key === 'Escape' || event.key === 'Tab') onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="pop mkmenu menu" ref=${ref}>
    <div class="menu-title" id="mk-t">${t('marking.title')}</div>
    <div role="listbox" aria-labelledby="mk-t" tabindex="0" aria-activedescendant=${`mk-${at}`} onKeyDown=${keys}>
      ${marks.map((mark, n) => html`<div class=${`mi mk-opt${n === at ? ' on' : ''}`} id=${`mk-${n}`} role="option" key=${mark.name} aria-selected=${String(mark.name === chosen)} aria-disabled=${mark.off ? 'true' : undefined} onClick=${() => !mark.off && onPick(mark.name)}>
        <span class=${`mk-swatch mk-${mark.bar}`} aria-hidden="true"></span>
        <span class="mk-n"><b>${written(mark.name)}</b>${mark.default && html`<span class="mi-s">${t('marking.default')}</span>`}${mark.off && html`<span class="mi-s">${t(`marking.${mark.off}`)}</span>`}</span>
        <span class=${`pm pm-${mark.bar}`}>(${mark.short})</span>
        <span class="aud num">${!mark.off && audience[`${room.id}|${mark.name}`] ? t('composer.audience', { n: audience[`${room.id}|${mark.name}`].can_read }) : ''}</span>
        ${mark.name === chosen && icon('check')}
      </div>`)}
    </div>
  </div>`;
}
