// Settings: how it looks, how it writes, how the person proves who it is, and where that is signed in.
import { useEffect, useState } from 'preact/hooks';
import { html, icon, useClient, useStore } from '../dom.js';
import { t } from '../i18n.js';
import { fullOf, when } from '../time.js';
import { Dialog, DialogHead, Spinner } from './basics.js';

const TABS = ['look', 'profile', 'password', 'sessions'];

function Choice({ name, value, options, onPick }) {
  return html`<fieldset class="choice"><legend>${t(`look.${name}`)}</legend><div class="choice-o">${options.map((option) => html`<label class="seg"><input type="radio" name=${name} checked=${value === option} onChange=${() => onPick(option)} /><span>${t(`look.${name}_${option}`)}</span></label>`)}</div></fieldset>`;
}

function Look() {
  const { act } = useClient();
  const prefs = useStore((state) => state.prefs);
  const set = (name) => (value) => act.account.setPrefs({ [name]: value });
  return html`<div class="sets">
    <${Choice} name="theme" value=${prefs.theme ?? 'system'} options=${['system', 'light', 'dark']} onPick=${set('theme')} />
    <${Choice} name="contrast" value=${prefs.contrast ?? 'system'} options=${['system', 'normal', 'more']} onPick=${set('contrast')} />
    <${Choice} name="density" value=${prefs.density ?? 'normal'} options=${['compact', 'normal', 'comfortable']} onPick=${set('density')} />
    <${Choice} name="enter" value=${prefs.enterSends === false ? 'breaks' : 'sends'} options=${['sends', 'breaks']} onPick=${(value) => act.account.setPrefs({ enterSends: value === 'sends' })} />
  </div>`;
}

function Profile({ onClose }) {
  const client = useClient();
  const me = useStore((state) => state.me);
  const [error, setError] = useState(null);
  async function submit(event) {
    event.preventDefault();
    const { name, title } = Object.fromEntries(new FormData(event.target));
    try {
      await client.act.account.setProfile({ name: name.trim(), title: title.trim() });
      client.store.dispatch({ type: 'person.known', person: { id: me.id, name: name.trim(), title: title.trim() } });
      client.notice('ok', t('settings.kept'));
      onClose();
    } catch (problem) {
      setError(problem.text || t('error.unknown'));
    }
  }
  return html`<form class="sets" onSubmit=${submit}>
    <div class="field"><label for="pr-n">${t('profile.name')}</label><input class="input" id="pr-n" name="name" maxlength="80" required value=${me.name} /></div>
    <div class="field"><label for="pr-t">${t('profile.title')}</label><input class="input" id="pr-t" name="title" maxlength="80" value=${me.title} /></div>
    <p class="hint">${t('profile.username', { name: me.username })}</p>
    ${error && html`<p class="err" role="alert">${icon('alert', 'i-xs')}${error}</p>`}
    <div class="step-a"><button type="submit" class="btn btn-primary">${t('save')}</button></div>
  </form>`;
}

function Password({ onClose }) {
  const client = useClient();
  const [error, setError] = useState('');
  const [shown, setShown] = useState(false);
  async function submit(event) {
    event.preventDefault();
    setError('');
    try {
      await client.act.account.setPassword(new FormData(event.target).get('password'));
      client.notice('ok', t('password.kept'));
      onClose();
    } catch (problem) {
      setError(problem.code === 'step_up_required' ? t('password.stale') : problem.text || t('error.unknown'));
    }
  }
  return html`<form class="sets" onSubmit=${submit}>
    <p class="fine" id="pw-d">${t('password.about')}</p>
    <div class="field"><label for="pw-n">${t('password.new')}</label><span class="pw"><input class="input" id="pw-n" name="password" type=${shown ? 'text' : 'password'} autocomplete="new-password" maxlength="1024" required aria-invalid=${error ? 'true' : undefined} aria-describedby=${error ? 'pw-e' : 'pw-d'} />
      <button type="button" class="ib ib-sm" aria-label=${t('step_up.show')} aria-pressed=${String(shown)} onClick=${() => setShown(!shown)}>${icon(shown ? 'eye-off' : 'eye')}</button></span></div>
    ${error && html`<p class="err" id="pw-e" role="alert">${icon('alert', 'i-xs')}${error}</p>`}
    <div class="step-a"><button type="submit" class="btn btn-primary">${t('password.set')}</button></div>
  </form>`;
}

function Sessions() {
  const client = useClient();
  const [sessions, setSessions] = useState(null);
  const [error, setError] = useState(null);
  const load = () => client.act.account.sessions().then(setSessions, (problem) => setError(problem.text || t('error.offline')));
  useEffect(() => { load(); }, []);
  const revoke = (session) => client.act.account.revoke(session.id).then(() => {
    client.announcer.say(t('session.revoked'));
    load();
  }, (problem) => setError(problem.text || t('error.unknown')));
  if (error) return html`<p class="note note-warn" role="alert">${icon('alert', '')}<span>${error}</span></p>`;
  if (!sessions) return html`<${Spinner} text=${t('session.loading')} />`;
  return html`<div class="sets"><p class="fine">${t('session.about')}</p>
    <ul class="sess">${sessions.map((session) => html`<li key=${session.id}>${icon('device', '')}<span class="grow"><b>${session.device || t('session.unknown')}</b>${session.current && html` <span class="tag tag-accent">${t('session.current')}</span>`}<span class="sess-s">${[session.address, (session.methods ?? []).join(', ')].filter(Boolean).join(' · ')}</span><span class="sess-s" title=${fullOf(session.last_used_at)}>${t('session.used', { time: when(session.last_used_at), since: when(session.created_at) })}</span></span>
      ${!session.current && html`<button type="button" class="btn btn-sm" aria-label=${t('session.end_of', { device: session.device || t('session.unknown') })} onClick=${() => revoke(session)}>${t('session.end')}</button>`}</li>`)}</ul>
    <div class="acts"><button type="button" class="btn" onClick=${() => client.act.overlay({ kind: 'sign_out_everywhere' })}>${icon('logout')}${t('session.sign_out_everywhere')}</button></div></div>`;
}

const PANES = { look: Look, profile: Profile, password: Password, sessions: Sessions };

export function Settings({ overlay, onClose }) {
  const { act } = useClient();
  const tab = PANES[overlay.tab] ? overlay.tab : 'look';
  const Pane = PANES[tab];
  const go = (name) => act.overlay({ kind: 'settings', tab: name });
  const keys = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    go(TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]);
    requestAnimationFrame(() => document.querySelector('.setdlg .tab[aria-selected="true"]')?.focus());
  };
  return html`<${Dialog} class="dialog setdlg" labelledby="set-t" onClose=${onClose}>
    <${DialogHead} id="set-t" title=${t('settings.title')} onClose=${onClose} />
    <div class="tabs" role="tablist" aria-label=${t('settings.title')} onKeyDown=${keys}>${TABS.map((name) => html`<button type="button" class="tab" role="tab" id=${`set-${name}`} aria-controls="set-panel" aria-selected=${String(name === tab)} tabindex=${name === tab ? 0 : -1} onClick=${() => go(name)}>${t(`settings.${name}`)}</button>`)}</div>
    <div class="setpane" role="tabpanel" id="set-panel" aria-labelledby=${`set-${tab}`}><${Pane} onClose=${onClose} /></div>
  <//>`;
}
