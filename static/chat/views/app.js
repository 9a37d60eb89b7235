// The page: both marking bars, the list of rooms, the pane in the middle, the panel, what lies over them.
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { Client, cls, html, icon, useClient, useNarrow, useStore } from '../dom.js';
import { counted, t } from '../i18n.js';
import { written } from '../marks.js';
import { screenMark, totals } from '../state/select.js';
import { useKeys } from './keyboard.js';
import { Mentions, Threads, Unread } from './inbox.js';
import { Overlay } from './overlays.js';
import { Panel } from './panel.js';
import { Room } from './room.js';
import { Sidebar } from './sidebar.js';
import { Ended, NotFound, Welcome } from './states.js';

const NOTICE_FOR = 8000;

/** The highest marking on the screen; its value is a text, so that the page is drawn again only when it changes. */
function useMark() {
  const key = useStore((state) => {
    const mark = screenMark(state);
    return mark ? `${mark.bar}|${written(mark.name)}` : 'unk|';
  });
  const [bar, name] = [key.slice(0, key.indexOf('|')), key.slice(key.indexOf('|') + 1)];
  return bar === 'unk' ? { bar: 'unk', text: t(name ? 'mark.unknown_named' : 'mark.unknown', { name }) } : { bar, text: name };
}

function Bars() {
  const { bar, text } = useMark();
  return [
    html`<header class=${`cls mk-${bar}`} aria-label=${t('mark.bar')} title=${text}><a class="skip" href="#messages" onClick=${skip('[data-region="messages"] [tabindex="0"]')}>${t('skip.messages')}</a><a class="skip" href="#composer" onClick=${skip('[data-region="composer"]')}>${t('skip.composer')}</a><span class="truncate">${text}</span></header>`,
    html`<footer class=${`cls mk-${bar}`} aria-label=${t('mark.bar_again')} title=${text}><span class="truncate">${text}</span></footer>`,
  ];
}

const skip = (target) => (event) => {
  event.preventDefault();
  document.querySelector(target)?.focus();
};

function Middle({ narrow }) {
  const route = useStore((state) => state.route);
  const room = useStore((state) => state.rooms[route.room]);
  const ended = useStore((state) => state.ended[route.room]);
  if (route.view === 'unread') return html`<${Unread} />`;
  if (route.view === 'mentions') return html`<${Mentions} />`;
  if (route.view === 'threads') return html`<${Threads} />`;
  if (route.view === 'home') return html`<${Welcome} />`;
  if (room) return html`<${Room} key=${room.id} room=${room} narrow=${narrow} />`;
  return ended ? html`<${Ended} key=${ended.id} ended=${ended} />` : html`<${NotFound} key=${route.room} />`;
}

function Notice() {
  const { store } = useClient();
  const notice = useStore((state) => state.notice);
  useEffect(() => {
    if (!notice) return undefined;
    const timer = setTimeout(() => store.dispatch({ type: 'notice', notice: null }), NOTICE_FOR);
    return () => clearTimeout(timer);
  }, [notice]);
  return notice && html`<div class=${cls('toast note', `note-${notice.tone}`)} role="alert">${icon(notice.tone === 'ok' ? 'check' : 'alert', '')}<span class="grow">${notice.text}</span><button type="button" class="ib ib-sm" aria-label=${t('close')} onClick=${() => store.dispatch({ type: 'notice', notice: null })}>${icon('x')}</button></div>`;
}

/** No name of a room or person stands in the title: titles land in the history of the browser and in the task bar. */
function useTitle() {
  const title = useStore((state) => {
    const { n, more } = totals(state).mentions;
    return `${n ? `(${counted(n, more)}) ` : ''}${state.workspace?.name ?? ''} · ${t('product')}`;
  });
  useEffect(() => { document.title = title; }, [title]);
}

function Panes() {
  const narrow = useNarrow();
  const route = useStore((state) => state.route);
  const room = useStore((state) => state.rooms[route.room]);
  const roomy = useStore((state) => state.route.panel);
  useKeys();
  useTitle();
  const panel = room && roomy ? html`<${Panel} room=${room} panel=${roomy} narrow=${narrow} />` : null;
  const pane = panel ? 'panel' : route.view === 'home' ? 'rooms' : 'room';
  useLayoutEffect(() => {
    document.documentElement.dataset.pane = pane;
  }, [pane]);
  useEffect(() => {
    if (narrow && document.activeElement === document.body) document.querySelector('main h1')?.focus({ preventScroll: true });
  }, [narrow, pane, route.room]);
  if (!narrow) return html`<${Sidebar} /><${Middle} />${panel}`;
  return { rooms: html`<${Sidebar} narrow />`, room: html`<${Middle} narrow />`, panel }[pane];
}

function Before() {
  const phase = useStore((state) => state.phase);
  const nextTry = useStore((state) => state.connection.nextTry);
  const { retryNow } = useClient();
  if (phase === 'over') return html`<main class="main whole"><section class="state"><div class="state-in"><span class="state-i">${icon('clock', 'i-xl')}</span><h1 tabindex="-1">${t('session.over')}</h1><p>${t('session.over_text')}</p></div></section></main>`;
  return html`<main class="main whole"><section class="state"><div class="state-in"><h1 class="waiting"><span class="spin">${icon('refresh', 'i-lg')}</span>${t(nextTry ? 'connect.trying' : 'connect.first')}</h1>
    ${nextTry && html`<p>${t('connect.no_answer')}</p><div class="acts"><button type="button" class="btn" onClick=${retryNow}>${t('conn.now')}</button></div>`}</div></section></main>`;
}

function Page() {
  const ready = useStore((state) => state.phase === 'ready' || state.phase === 'reconnecting');
  const [top, bottom] = Bars();
  return html`${top}${ready ? html`<${Panes} />` : html`<${Before} />`}${bottom}<${Notice} />${ready && html`<${Overlay} />`}`;
}

export const App = ({ client }) => html`<${Client.Provider} value=${client}><${Page} /><//>`;
