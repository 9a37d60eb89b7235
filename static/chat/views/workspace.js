// The menu of the workspace: where else one may go, and what concerns the person.
import { html, useClient, useStore } from '../dom.js';
import { t } from '../i18n.js';
import { markOf, written } from '../marks.js';
import { hasPower } from '../state/select.js';
import { Menu, MenuItem } from './basics.js';

export function WorkspaceMenu({ onClose }) {
  const { act, config } = useClient();
  const state = useStore((whole) => whole);
  const { workspace, prefs, me } = state;
  const mark = markOf(workspace, workspace.ceiling);
  const then = (work) => () => { onClose(); work(); };
  const away = me.presence !== 'active';
  return html`<${Menu} label=${t('workspace.menu')} class="ws-menu" onClose=${onClose}>
    <div class="menu-title" role="presentation">${t('workspace.this')}</div>
    <button type="button" class="mi on" role="menuitemradio" aria-checked="true" tabindex="-1" onClick=${onClose}><span class=${`mk-swatch mk-${mark.bar}`} aria-hidden="true"></span><span class="grow"><span class="mi-t">${workspace.name}</span><span class="mi-s">${t('workspace.detail', { marking: written(workspace.ceiling), n: Object.keys(state.rooms).length })}</span></span></button>
    <hr class="sep" />
    <${MenuItem} name="moon" onPick=${then(() => act.account.setPresence(away ? 'active' : 'away'))}>${t(away ? 'presence.set_active' : 'presence.set_away')}<//>
    <${MenuItem} name="user" onPick=${then(() => act.overlay({ kind: 'settings', tab: 'profile' }))}>${t('settings.profile')}<//>
    <${MenuItem} name="device" onPick=${then(() => act.overlay({ kind: 'settings', tab: 'sessions' }))}>${t('settings.sessions')}<//>
    <${MenuItem} name="sliders" onPick=${then(() => act.overlay({ kind: 'settings', tab: 'look' }))} end=${html`<span class="muted">${t(`look.theme_${prefs.theme ?? 'system'}`)}</span>`}>${t('settings.look')}<//>
    <${MenuItem} name="slash" onPick=${then(() => act.overlay({ kind: 'keys' }))} end=${html`<kbd>?</kbd>`}>${t('keys.title')}<//>
    ${hasPower(state, 'view_console') && html`<hr class="sep" /><${MenuItem} name="dock" onPick=${then(() => location.assign(config.urls.console))}>${t('workspace.console')}<//>`}
    <hr class="sep" />
    <${MenuItem} name="lock" onPick=${then(() => act.account.signOut())} end=${html`<kbd>Alt L</kbd>`}>${t('session.sign_out')}<//>
    <${MenuItem} name="logout" onPick=${then(() => act.overlay({ kind: 'sign_out_everywhere' }))}>${t('session.sign_out_everywhere')}<//>
  <//>`;
}
