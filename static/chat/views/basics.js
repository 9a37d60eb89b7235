// Small things that every view uses.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { cls, hidden, html, icon, useFocusInside, useOutside } from '../dom.js';
import { counted, t } from '../i18n.js';
import { spoken } from '../marks.js';

const PRESENCE = { active: '', away: 'pres-away', dnd: 'pres-away', offline: 'pres-off' };
const tone = (person) => ((person?.hue ?? 0) % 8) + 1;

export function Avatar({ person, size = '', presence = false }) {
  if (person?.bot) return html`<span class=${cls('av av-8', size && `av-${size}`)} aria-hidden="true">${icon('bot', size ? 'i-xs' : '')}</span>`;
  const initials = person?.initials || person?.name?.slice(0, 2).toUpperCase() || '?';
  return html`<span class=${cls(`av av-${tone(person)}`, size && `av-${size}`)} aria-hidden="true"
    >${initials}${presence && html`<span class=${cls('pres', PRESENCE[person?.presence] ?? 'pres-off')}></span>`}</span
  >`;
}

export const presenceWord = (person) => t(`presence.${person?.presence ?? 'offline'}`);

/** A portion mark: grey when it is the room's own, else in its colour; spoken in full. */
export function Portion({ mark, usual }) {
  return html`<span class=${cls('pm', usual ? 'pm-def' : `pm-${mark.bar}`)}><span aria-hidden="true">(${mark.short || '?'})</span>${hidden(spoken(mark.name || t('mark.unknown')))}</span>${' '}`;
}

export function Badge({ n, more, mention, word }) {
  if (!n) return null;
  return html`<span class=${cls('badge', mention && 'badge-mention')}>${counted(n, more)}${hidden(` ${word}`)}</span>`;
}

export function Spinner({ text }) {
  return html`<p class="waiting" role="status"><span class="spin">${icon('refresh')}</span>${text}</p>`;
}

/** A modal dialog of the browser; Escape and the close button end it, focus goes back to where it was. */
export function Dialog({ label, labelledby, describedby, class: name = 'dialog', onClose, children }) {
  const ref = useRef();
  useLayoutEffect(() => {
    const opener = document.activeElement;
    const dialog = ref.current;
    if (!dialog.open) dialog.showModal();
    dialog.querySelector('[data-focus]')?.focus();
    return () => {
      dialog.close();
      if (opener?.isConnected && opener !== document.body) opener.focus();
      else document.querySelector('[data-region]:not([hidden]) h1, main h1')?.focus?.();
    };
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  const closed = () => ref.current && onClose();
  const outside = (event) => event.target === ref.current && onClose();
  return html`<dialog ref=${ref} class=${name} aria-label=${label} aria-labelledby=${labelledby} aria-describedby=${describedby} onCancel=${cancel} onClose=${closed} onPointerDown=${outside}>${children}</dialog>`;
}

export function DialogHead({ id, title, onClose }) {
  return html`<header class="step-h"><h2 id=${id}>${title}</h2><button type="button" class="ib" aria-label=${t('close')} onClick=${onClose}>${icon('x', '')}</button></header>`;
}

/** A menu of buttons: arrows move, Escape closes, focus goes back to the button that opened it. */
export function Menu({ label, class: name = '', onClose, children }) {
  const ref = useRef();
  useOutside(ref, onClose);
  useFocusInside(ref, { enter: (menu) => menu.querySelector('[role^="menuitem"]:not([aria-disabled="true"])') });
  return html`<div ref=${ref} class=${cls('menu', name)} role="menu" aria-label=${label} onKeyDown=${(event) => moveInMenu(event, ref.current, onClose)}>${children}</div>`;
}

function moveInMenu(event, menu, close) {
  const items = [...menu.querySelectorAll('[role^="menuitem"]')];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) items.at(to % items.length)?.focus();
  else if (event.key === 'Escape' || event.key === 'Tab') close();
  else return;
  if (event.key !== 'Tab') event.preventDefault();
  event.stopPropagation();
}

export function MenuItem({ name, end, onPick, danger, checked, children }) {
  const role = checked === undefined ? 'menuitem' : 'menuitemradio';
  return html`<button type="button" class=${cls('mi', danger && 'mi-danger')} role=${role} aria-checked=${checked} tabindex="-1" onClick=${onPick}>
    ${name && icon(name)}<span class="grow">${children}</span>${checked ? icon('check') : end}
  </button>`;
}

export async function copy(text, client) {
  try {
    await navigator.clipboard.writeText(text);
    client.announcer.say(t('copied'));
  } catch {
    client.notice('warn', t('error.copy'));
  }
}
