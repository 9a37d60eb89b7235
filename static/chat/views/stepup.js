// Confirm it's you: the password again, over the room that is already open.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { html, icon, useClient, useStore } from '../dom.js';
import { t } from '../i18n.js';
import { nameOf } from '../state/select.js';
import { secondOf } from '../time.js';
import { Dialog } from './basics.js';

const SAID = { rate_limited: 'step_up.locked', locked: 'step_up.locked', offline: 'error.offline' };

export function StepUp({ overlay, onClose }) {
  const { act, store } = useClient();
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(false);
  const input = useRef();
  const room = useStore((state) => state.rooms[overlay.room]);
  const until = useStore((state) => state.session?.step_up_until);
  useLayoutEffect(() => input.current.focus(), []);
  const title = room ? t('step_up.title', { room: nameOf(store.state, room) }) : t('step_up.title_send');
  async function submit(event) {
    event.preventDefault();
    const password = input.current.value;
    if (!password || busy) return;
    setBusy(true);
    setError('');
    try {
      await act.account.stepUp(password, overlay);
    } catch (problem) {
      input.current.value = '';
      input.current.focus();
      setBusy(false);
      setError(problem.retryAfter ? t('step_up.locked_for', { n: Math.ceil(problem.retryAfter / 60) }) : SAID[problem.code] ? t(SAID[problem.code]) : problem.text || t('step_up.wrong'));
    }
  }
  return html`<${Dialog} class="dialog step" labelledby="su-t" describedby="su-d" onClose=${onClose}>
    <form onSubmit=${submit}>
      <header class="step-h"><span class="state-i">${icon('key', 'i-lg')}</span><button type="button" class="ib" aria-label=${t('cancel')} onClick=${onClose}>${icon('x', '')}</button></header>
      <h2 id="su-t">${title}</h2>
      <p id="su-d">${room?.cover?.reason?.words || t('step_up.text')} ${until && t('step_up.last', { time: secondOf(until) })}</p>
      <div class="field step-f"><label for="su-p">${t('step_up.password')}</label><span class="pw"><input class="input" id="su-p" ref=${input} type=${shown ? 'text' : 'password'} autocomplete="current-password" aria-invalid=${error ? 'true' : undefined} aria-describedby=${error ? 'su-e' : undefined} />
        <button type="button" class="ib ib-sm" aria-label=${t('step_up.show')} aria-pressed=${String(shown)} onClick=${() => setShown(!shown)}>${icon(shown ? 'eye-off' : 'eye')}</button></span>
        ${error && html`<span class="err" id="su-e" role="alert">${icon('alert', 'i-xs')}${error}</span>`}</div>
      <p class="note">${icon('shield', '')}<span>${t('step_up.pin')}</span></p>
      <div class="step-a"><button type="button" class="btn" onClick=${onClose}>${t('step_up.later')}</button><button type="submit" class="btn btn-primary" aria-disabled=${String(busy)}>${t(busy ? 'step_up.busy' : 'step_up.continue')}</button></div>
    </form>
  <//>`;
}
