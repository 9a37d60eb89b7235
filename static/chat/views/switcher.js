// Ctrl K: jump to a room or a person by a few letters.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { cls, html, icon, useClient, useStore } from '../dom.js';
import { matching } from '../complete.js';
import { t } from '../i18n.js';
import { inOrder, otherOf } from '../state/select.js';
import { Avatar, Badge, Dialog } from './basics.js';
import { roomIcon } from './sidebar.js';

const MOST = 8;

/** How well a name fits what was written: its beginning before the beginning of a word before the middle. */
export function rank(text, name) {
  const low = name.toLowerCase();
  const at = low.indexOf(text);
  if (at < 0) return -1;
  if (at === 0) return 2;
  return /[\s_-]/.test(low[at - 1]) ? 1 : 0;
}

function Name({ text, name }) {
  const pieces = matching(text, name);
  return html`<b>${pieces ? html`${pieces[0]}<mark>${pieces[1]}</mark>${pieces[2]}` : name}</b>`;
}

function useFound(text) {
  const { act, store } = useClient();
  const state = useStore((whole) => whole);
  const [people, setPeople] = useState([]);
  useEffect(() => {
    if (!text || !store.state.connection.up) {
      setPeople([]);
      return undefined;
    }
    const timer = setTimeout(() => act.people.find(text).then(setPeople, () => {}), 120);
    return () => clearTimeout(timer);
  }, [text]);
  return useMemo(() => {
    const low = text.toLowerCase();
    const best = (items) => items.map((item) => [rank(low, item.name), item]).filter(([score]) => score >= 0).sort((one, other) => other[0] - one[0]).map(([, item]) => item);
    const rooms = inOrder(state);
    const unread = (room) => room.unread > 0;
    const chosen = low ? best(rooms) : [...rooms.filter(unread), ...rooms.filter((room) => !unread(room))];
    const met = new Set(chosen.filter((room) => room.kind === 'direct').map((room) => otherOf(state, room)?.id));
    const known = new Map([...Object.values(state.people), ...people].filter((person) => person.id !== state.me.id && person.active !== false && !met.has(person.id)).map((person) => [person.id, person]));
    return { rooms: chosen.slice(0, MOST), people: low ? best([...known.values()]).slice(0, MOST) : [] };
  }, [text, state.rooms, state.people, people]);
}

export function Switcher({ onClose }) {
  const client = useClient();
  const { act, store } = client;
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const input = useRef();
  const list = useRef();
  const { rooms, people } = useFound(text.trim());
  const all = [...rooms.map((room) => ({ room })), ...people.map((person) => ({ person }))];
  useLayoutEffect(() => input.current.focus(), []);
  useLayoutEffect(() => setAt(0), [text]);
  useEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }), [at]);
  const pick = ({ room, person }) => {
    onClose();
    if (room) act.rooms.open(room.id);
    else act.rooms.direct([person.id]).catch(client.complain);
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && all.length) setAt((all.length + at + step) % all.length);
    else if (event.key === 'Enter' && all[at]) pick(all[at]);
    else return;
    event.preventDefault();
  };
  const aboutOf = (room) => room.topic || (room.kind === 'direct' && otherOf(store.state, room)?.title) || '';
  const option = (n, item, inside) => html`<div class=${cls('sri', n === at && 'on')} role="option" id=${`sw-${n}`} aria-selected=${String(n === at)} onClick=${() => pick(item)}>${inside}${n === at && html`<kbd>Enter</kbd>`}</div>`;
  return html`<${Dialog} class="search" label=${t('switcher.title')} onClose=${onClose}>
    <search><form class="sx" onSubmit=${(event) => event.preventDefault()}><label class="vh" for="sq">${t('rooms.jump')}</label>${icon('search', '')}
      <input id="sq" type="search" ref=${input} value=${text} autocomplete="off" placeholder=${t('rooms.jump')} role="combobox" aria-expanded="true" aria-controls="sres" aria-autocomplete="list" aria-activedescendant=${all.length ? `sw-${at}` : undefined} onInput=${(event) => setText(event.target.value)} onKeyDown=${keys} /><kbd>Esc</kbd><button type="button" class="ib sx-close" aria-label=${t('close')} onClick=${onClose}>${icon('x', '')}</button></form></search>
    ${all.length ? html`<div class="sr scroll" id="sres" role="listbox" aria-label=${t('switcher.results')} ref=${list} tabindex="-1">
      ${rooms.length > 0 && html`<div role="group" aria-labelledby="sg-r"><div class="menu-title" id="sg-r">${t(text ? 'switcher.rooms' : 'switcher.recent')}</div>
        ${rooms.map((room, n) => option(n, { room }, html`<span class="srf">${roomIcon(room)}</span><span class="grow"><span class="srm"><${Name} text=${text.trim()} name=${room.name} /></span>${aboutOf(room) && html`<span class="srt muted truncate">${aboutOf(room)}</span>`}</span><${Badge} n=${room.unread} mention=${room.mentions > 0} word=${t('rooms.word_unread')} />`))}</div>`}
      ${people.length > 0 && html`<div role="group" aria-labelledby="sg-p"><div class="menu-title" id="sg-p">${t('switcher.people')}</div>
        ${people.map((person, n) => option(rooms.length + n, { person }, html`<${Avatar} person=${person} size="sm" presence /><span class="grow"><span class="srm"><${Name} text=${text.trim()} name=${person.name} /></span><span class="srt muted">${person.title}</span></span>`))}</div>`}
    </div>` : html`<div class="sempty" role="status">${icon('search', 'i-lg')}<h2>${t('switcher.none', { text })}</h2><p>${t('switcher.hint')}</p><button type="button" class="btn btn-sm" onClick=${() => act.overlay({ kind: 'browse' })}>${t('browse.title')}</button></div>`}
    <div class="sfoot"><span><kbd>↑</kbd> <kbd>↓</kbd> ${t('switcher.move')}</span><span><kbd>Enter</kbd> ${t('switcher.open')}</span><span class="grow"></span><span>${t('switcher.only')}</span></div>
  <//>`;
}
