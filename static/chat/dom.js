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

/** Calls back when the pointer goes down outside the element. */
export function useOutside(ref, close) {
  useEffect(() => {
    const onDown = (event) => ref.current && !ref.current.contains(event.target) && close();
    addEventListener('pointerdown', onDown, true);
    return () => removeEventListener('pointerdown', onDown, true);
  });
}

export function icon(name, extra = 'i-sm') {
  return html`<svg class=${`i ${extra}`} aria-hidden="true"><use href=${`#i-${name}`} /></svg>`;
}

export const cls = (...names) => names.filter(Boolean).join(' ');
export const hidden = (text) => html`<span class="vh">${text}</span>`;
