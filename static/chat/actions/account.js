// The person's own session, settings and presence.
import { call, csrfToken } from '../http.js';
import { t } from '../i18n.js';
import { applyLook } from '../look.js';

const WIRE = { theme: 'theme', contrast: 'contrast', density: 'density', enterSends: 'enter_sends' };

export function accountActions(client) {
  const { store, request, config } = client;

  const actions = {
    /** Asks for the password over whatever is on the screen; then opens the room, or sends what waited. */
    askStepUp: ({ room = null, clientId = null }) => store.dispatch({ type: 'overlay', overlay: { kind: 'step_up', room, clientId } }),
    async stepUp(password, { room, clientId }) {
      const answer = await call('POST', config.urls.stepUp, { password });
      store.dispatch({ type: 'session.stepped_up', until: answer.step_up_until });
      store.dispatch({ type: 'overlay', overlay: null });
      if (clientId) client.act.outbox.again(clientId);
      if (room) {
        await client.act.rooms.checkNow(room);
        client.act.rooms.open(room);
      }
    },
    setPrefs(prefs) {
      store.dispatch({ type: 'prefs', prefs });
      applyLook(store.state.prefs);
      const settings = Object.fromEntries(Object.entries(prefs).map(([name, value]) => [WIRE[name], value]));
      return call('PATCH', config.urls.profile, { settings }).catch(() => client.notice('warn', t('settings.not_kept')));
    },
    setProfile: (fields) => call('PATCH', config.urls.profile, fields),
    setPassword: (password) => call('POST', config.urls.password, { password }),
    setPresence: (state) => request('presence.set', { state }).then(() => store.dispatch({ type: 'presence', user: store.state.me.id, presence: state })).catch(client.complain),
    sessions: () => call('GET', config.urls.sessions).then((answer) => (Array.isArray(answer) ? answer : answer.results)),
    revoke: (id) => call('DELETE', `${config.urls.sessions}${id}/`),
    async revokeOthers() {
      const sessions = await actions.sessions();
      await Promise.all(sessions.filter((session) => !session.current).map((session) => actions.revoke(session.id)));
    },
    async signOutEverywhere() {
      await actions.revokeOthers().catch(() => {});
      actions.signOut();
    },
    /** Ends the session in every tab: first nothing is left to see, then the server is told. */
    signOut() {
      client.tabs.over();
      client.over();
      const form = document.createElement('form');
      form.method = 'post';
      form.action = config.urls.logout;
      const token = document.createElement('input');
      Object.assign(token, { type: 'hidden', name: 'csrfmiddlewaretoken', value: csrfToken() });
      form.append(token);
      document.body.append(form);
      form.submit();
    },
  };
  return actions;
}
