// Keys that work anywhere. Single letters never do: they belong to a focused message.
import { useLayoutEffect } from 'preact/hooks';
import { useClient } from '../dom.js';
import { inOrder } from '../state/select.js';

const REGIONS = ['rooms', 'messages', 'composer', 'panel'];
const ENTRIES = ['.msg[tabindex="0"]', 'a.rr[tabindex="0"]', 'button.inbox-r', '[role="tab"][tabindex="0"]', 'h1[tabindex], h2[tabindex]', '[tabindex="0"]'];
const writing = (target) => target.closest('input, textarea, select, [contenteditable]');

/** The element that takes the focus of a region: its tab stop, else its heading. */
function entry(region) {
  const element = document.querySelector(`[data-region="${region}"]`);
  if (!element || element.matches('textarea')) return element;
  return ENTRIES.map((selector) => element.querySelector(selector)).find(Boolean) ?? element;
}

/** F6 goes round the regions and leaves to the browser after the last one. */
function nextRegion(event) {
  const here = REGIONS.filter(entry);
  const at = here.findIndex((region) => document.querySelector(`[data-region="${region}"]`)?.contains(document.activeElement));
  const to = at < 0 ? (event.shiftKey ? here.length - 1 : 0) : at + (event.shiftKey ? -1 : 1);
  if (to < 0 || to >= here.length) return;
  event.preventDefault();
  entry(here[to]).focus();
}

export function useKeys() {
  const { act, store } = useClient();
  useLayoutEffect(() => {
    const room = () => (store.state.route.view === 'room' ? store.state.rooms[store.state.route.room] : null);
    const combos = {
      'ctrl+k': () => act.overlay({ kind: 'switcher' }),
      'alt+arrowup': () => act.rooms.next(-1, inOrder(store.state)),
      'alt+arrowdown': () => act.rooms.next(1, inOrder(store.state)),
      'alt+w': () => room() && act.go({ view: 'room', room: room().id, panel: { kind: 'access' } }),
      'alt+l': () => act.account.signOut(),
      'alt+m': () => document.querySelector('.comp .mkbtn')?.click(),
    };
    const onKey = (event) => {
      if (event.key === 'F6') {
        nextRegion(event);
        return;
      }
      if (event.defaultPrevented || store.state.overlay?.kind === 'step_up') return;
      const combo = combos[`${event.ctrlKey || event.metaKey ? 'ctrl+' : ''}${event.altKey ? 'alt+' : ''}${event.key.toLowerCase()}`];
      if (combo) {
        event.preventDefault();
        combo();
      } else if (event.key === '?' && !writing(event.target) && !event.ctrlKey && !event.altKey) {
        event.preventDefault();
        act.overlay({ kind: 'keys' });
      } else if (event.key === 'Escape' && !store.state.overlay && room()) {
        if (store.state.route.panel) act.go({ view: 'room', room: room().id, panel: null });
        else act.rooms.markAllRead(room().id);
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
