// The panel beside the room: details in tabs, the threads of the room, one thread.
import { useRef } from 'preact/hooks';
import { html, icon, useClient, useFocusInside, useStore } from '../dom.js';
import { count, t } from '../i18n.js';
import { nameOf } from '../state/select.js';
import { About } from './about.js';
import { Access } from './access.js';
import { ThreadList } from './inbox.js';
import { Members } from './members.js';
import { Thread } from './thread.js';

const TABS = [['access', Access], ['members', Members], ['about', About]];

/** The frame of a panel; Escape closes it and the focus goes back to what opened it. */
export function PanelFrame({ title, sub, label, narrow, onClose, acts, children }) {
  const ref = useRef();
  useFocusInside(ref, { enter: (panel) => panel.querySelector('h1, h2'), otherwise: () => document.getElementById('room-title') });
  const keys = (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.stopPropagation();
    onClose();
  };
  const tag = narrow ? 'main' : 'aside';
  const heading = narrow ? 'h1' : 'h2';
  return html`<${tag} class="panel" aria-labelledby="panel-t" data-region="panel" ref=${ref} onKeyDown=${keys}>
    <header class="ph"><div class="truncate"><${heading} id="panel-t" tabindex="-1" class="truncate">${title}<//>${sub && html`<p class="ph-s truncate">${sub}</p>`}</div><span class="grow"></span>${acts}<button type="button" class="ib" aria-label=${label} onClick=${onClose}>${icon('x', '')}</button></header>
    ${children}
  <//>`;
}

function tabKeys(event, kind, go) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const at = TABS.findIndex(([name]) => name === kind);
  go(TABS[(at + step + TABS.length) % TABS.length][0]);
  requestAnimationFrame(() => document.querySelector('.tab[aria-selected="true"]')?.focus());
}

export function Panel({ room, panel, narrow }) {
  const { act, store } = useClient();
  const name = useStore((state) => nameOf(state, room));
  const go = (kind) => act.go({ view: 'room', room: room.id, panel: kind ? { kind } : null });
  const close = () => go(null);
  if (panel.kind === 'thread') return html`<${Thread} key=${panel.thread} room=${room} thread=${panel.thread} narrow=${narrow} onClose=${close} />`;
  if (panel.kind === 'threads') return html`<${PanelFrame} key="threads" title=${t('panel.threads')} sub=${name} label=${t('panel.close')} narrow=${narrow} onClose=${close}><div class="pb scroll" tabindex="0" role="region" aria-label=${t('panel.threads')}><${ThreadList} room=${room.id} /></div><//>`;
  const Tab = TABS.find(([kind]) => kind === panel.kind)[1];
  return html`<${PanelFrame} key="details" title=${t('panel.details')} label=${t('panel.close')} narrow=${narrow} onClose=${close}>
    <div class="tabs" role="tablist" aria-label=${t('panel.details')} onKeyDown=${(event) => tabKeys(event, panel.kind, go)}>
      ${TABS.map(([kind]) => html`<button type="button" class="tab" role="tab" id=${`tab-${kind}`} aria-controls="tab-panel" aria-selected=${String(kind === panel.kind)} tabindex=${kind === panel.kind ? 0 : -1} onClick=${() => go(kind)}>${t(`panel.${kind}`)}${kind === 'members' && html` <span class="muted num">${count(room.member_count)}</span>`}</button>`)}
    </div>
    <div class="pb scroll" role="tabpanel" id="tab-panel" tabindex="0" aria-labelledby=${`tab-${panel.kind}`}><${Tab} room=${room} key=${room.id} /></div>
  <//>`;
}
