// Starts the client on the page that templates/chat/shell.html serves.
import { h, render } from 'preact';
import { createClient } from './client.js';
import { App } from './views/app.js';

const root = document.documentElement;
if (root.dataset.floor === 'ok') {
  const place = document.getElementById('app');
  const { loginUrl, logoutUrl, consoleUrl, stepUpUrl, passwordUrl, sessionsUrl, profileUrl, socketPath } = place.dataset;
  const client = createClient({
    socketUrl: `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${socketPath}`,
    urls: { login: loginUrl, logout: logoutUrl, console: consoleUrl, stepUp: stepUpUrl, password: passwordUrl, sessions: sessionsUrl, profile: profileUrl },
  });
  place.replaceChildren();
  render(h(App, { client }), place);
  client.start();
}
