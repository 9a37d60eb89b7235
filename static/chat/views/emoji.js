// The picker: a grid with one tab stop, arrows inside, a filter by name.
import { useRef, useState } from 'preact/hooks';
import { cls, html, useFocusInside, useOutside } from '../dom.js';
import { EMOJI } from '../emoji.js';
import { t } from '../i18n.js';

const ROW = 8;

export function EmojiPicker({ onPick, onClose, end }) {
  const ref = useRef();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = EMOJI.filter(([, name]) => name.includes(text.trim().toLowerCase()));
  useOutside(ref, onClose);
  useFocusInside(ref, { enter: (picker) => picker.querySelector('input') });
  const keys = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: ROW, ArrowUp: -ROW }[event.key];
    if (event.key === 'Escape') onClose();
    else if (event.key === 'Enter' && found[at]) onPick(found[at][0]);
    else if (step && !(text && Math.abs(step) === 1)) setAt((found.length + at + step) % found.length || 0);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class=${cls('menu emoji', end && 'emoji-end')} ref=${ref} role="dialog" aria-label=${t('emoji.title')} onKeyDown=${keys}>
    <input class="input" type="text" value=${text} placeholder=${t('emoji.find')} aria-label=${t('emoji.find')} role="combobox" aria-expanded="true" aria-controls="emoji-list" aria-activedescendant=${found[at] ? `emoji-${at}` : undefined} onInput=${(event) => { setText(event.target.value); setAt(0); }} />
    <div class="emoji-grid" role="listbox" id="emoji-list" aria-label=${t('emoji.title')}>
      ${found.map(([emoji, name], n) => html`<button type="button" role="option" id=${`emoji-${n}`} tabindex="-1" aria-selected=${String(n === at)} aria-label=${name} title=${name} class=${cls('emoji-b', n === at && 'on')} onClick=${() => onPick(emoji)}>${emoji}</button>`)}
    </div>
    ${!found.length && html`<p class="hint emoji-none">${t('emoji.none')}</p>`}
  </div>`;
}
