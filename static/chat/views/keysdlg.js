// The shortcuts, as they are in keys.js and in the lists themselves.
import { html } from '../dom.js';
import { t } from '../i18n.js';
import { Dialog, DialogHead } from './basics.js';

const GROUPS = [
  ['move', [['Ctrl K', 'jump'], ['Alt ↑ ↓', 'unread_rooms'], ['F6', 'regions'], ['Esc', 'escape'], ['?', 'all']]],
  ['message', [['↑ ↓', 'messages'], ['T', 'thread'], ['R', 'quote'], ['E', 'edit'], ['+', 'react'], ['U', 'unread']]],
  ['write', [['Enter', 'send'], ['Shift Enter', 'break'], ['Alt M', 'marking'], ['@', 'mention'], ['/', 'command'], ['↑', 'edit_last']]],
  ['access', [['Alt W', 'why'], ['Alt L', 'lock']]],
];

export function KeysDialog({ onClose }) {
  return html`<${Dialog} class="dialog keysdlg" labelledby="k-t" onClose=${onClose}>
    <${DialogHead} id="k-t" title=${t('keys.title')} onClose=${onClose} />
    <div class="kgrid">${GROUPS.map(([group, keys]) => html`<section><h3>${t(`keys.group_${group}`)}</h3><dl class="keys">${keys.map(([combination, what]) => html`<div><dt>${combination.split(' ').map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${t(`keys.${what}`)}</dd></div>`)}</dl></section>`)}</div>
  <//>`;
}
