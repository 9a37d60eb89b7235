// What every view is made of: HTM bound to Preact, the store as a hook, icons.
import { Component, Fragment, createContext, h } from 'preact';
import { useContext, useEffect, useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import htm from 'htm';

export { Component, Fragment };
export const html = htm.bind(h);
export const Client = createContext(null);

/** The running client: `{ store, act }`. */
export const useClient = () => useContext(Client);

/** A value chosen from the state; the view is drawn again only when that value changes. */
export function useStore(select) {
  const { store } = useClient();
  const [, redraw] = useReducer((n) => n + 1, 0);
  const latest = useRef();
  latest.current = { select, value: select(store.state) };
  useLayoutEffect(() => {
    const check = () => {
      const { select: now, value } = latest.current;
      if (!Object.is(now(store.state), value)) redraw();
    };
    check();
    return store.subscribe(check);
  }, [store]);
  return latest.current.value;
}

/** Draws its child again only when one of the given values is another one. */
export class Still extends Component {
  shouldComponentUpdate(next) {
    return next.on.length !== this.props.on.length || next.on.some((value, n) => !Object.is(value, this.props.on[n]));
  }

  render() {
    return this.props.draw();
  }
}

/** Whether a media query holds, followed live. */
export function useMedia(query) {
  const [, redraw] = useReducer((n) => n + 1, 0);
  useEffect(() => {
    const list = matchMedia(query);
    list.addEventListener('change', redraw);
    return () => list.removeEventListener('change', redraw);
  }, [query]);
  return matchMedia(query).matches;
}

export const useNarrow = () => useMedia('(max-width: 719px)');

/** Draws again every `ms` while `on`, for what counts down. */
export function useTick(ms, on = true) {
  const [, redraw] = useReducer((n) => n + 1, 0);
  useEffect(() => {
    if (!on) return undefined;
    const timer = setInterval(redraw, ms);
    return () => clearInterval(timer);
  }, [ms, on]);
}

/** Ends what lies over the page when the pointer goes down elsewhere or Escape is pressed elsewhere; its opener's click is the opener's. */
export function useOutside(ref, close) {
  const opener = useRef(document.activeElement?.closest('button'));
  const latest = useRef();
  latest.current = close;
  useLayoutEffect(() => {
    const outside = (event) => !ref.current?.contains(event.target);
    const onDown = (event) => outside(event) && !opener.current?.contains(event.target) && latest.current();
    const onKey = (event) => {
      if (event.key !== 'Escape' || !outside(event)) return;
      event.preventDefault();
      event.stopPropagation();
      latest.current();
    };
    addEventListener('pointerdown', onDown, true);
    addEventListener('keydown', onKey, true);
    return () => {
      removeEventListener('pointerdown', onDown, true);
      removeEventListener('keydown', onKey, true);
    };
  }, []);
}

/** Focus enters what opens before it is painted, so that no key falls between, and returns to the opener when it closes. */
export function useFocusInside(ref, { enter, otherwise }) {
  const opener = useRef(document.activeElement);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element.contains(document.activeElement)) enter(element)?.focus({ preventScroll: true });
    return () => {
      const at = document.activeElement;
      if (at !== document.body && !element.contains(at)) return;
      const back = opener.current?.isConnected && opener.current !== document.body ? opener.current : otherwise?.();
      back?.focus({ preventScroll: true });
    };
  }, []);
}

export function icon(name, extra = 'i-sm') {
  return html`<svg class=${`i ${extra}`} aria-hidden="true"><use href=${`#i-${name}`} /></svg>`;
}

export const cls = (...names) => names.filter(Boolean).join(' ');
export const hidden = (text) => html`<span class="vh">${text}</span>`;
