// A message is read when its lower edge stayed in view for 800 ms with the page visible and focused. Opening alone reads nothing.
export const STAY = 800;

export function createReader({ lastInView, seen }) {
  let timer = null;
  let candidate = null;
  const attentive = () => document.visibilityState === 'visible' && document.hasFocus();

  function poke() {
    const now = attentive() ? lastInView() : null;
    if (now === candidate && timer) return;
    clearTimeout(timer);
    timer = null;
    candidate = now;
    if (now) timer = setTimeout(confirm, STAY);
  }

  function confirm() {
    timer = null;
    if (attentive() && lastInView() === candidate) seen(candidate);
    else poke();
  }

  addEventListener('focus', poke);
  document.addEventListener('visibilitychange', poke);
  return {
    poke,
    stop() {
      clearTimeout(timer);
      removeEventListener('focus', poke);
      document.removeEventListener('visibilitychange', poke);
    },
  };
}
