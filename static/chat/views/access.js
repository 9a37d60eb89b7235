// Why do I have access: the verdict first, then each condition with what is known, what would end it, what I may do, the rule.
import { useEffect } from 'preact/hooks';
import { cls, html, icon, useClient, useStore } from '../dom.js';
import { parts, t } from '../i18n.js';
import { ago, dateOf, dayKey, hourOf, secondOf } from '../time.js';
import { Spinner, copy } from './basics.js';

const VERDICT = { permit: ['shield-check', ''], deny: ['shield-x', 'danger'], indeterminate: ['shield-q', 'warn'] };
const STATE = { true: ['check', ''], false: ['x', 'pf-no'], unknown: ['minus', 'pf-q'] };
const EFFECT = { yes: ['check', ''], step_up: ['key', 'ask'], no: ['minus', 'no'] };

function known({ yours, source, age_seconds: age, verdict }) {
  const said = yours ? t('access.yours', { value: yours }) : String(verdict) === 'unknown' ? t('access.unknown') : '';
  const from = source ? t('access.source', { source }) : '';
  const old = age === null || age === undefined ? '' : t('access.age', { age: ago(age) });
  return [said, from, old].filter(Boolean).join(' ');
}

function Condition({ condition }) {
  const [symbol, tone] = STATE[String(condition.verdict)] ?? STATE.unknown;
  return html`<li><span class=${cls('pf-i', tone)}>${icon(symbol, 'i-xs')}</span><div><b>${condition.words || condition.text}</b><span>${known(condition)}</span><span class="vh">${t(`access.is_${condition.verdict}`)}</span></div></li>`;
}

/** Why not, where it is the same for everything that one may not do: then it is said once, below. */
function sameReason(can) {
  const refused = can.filter((entry) => entry.effect === 'no');
  return refused.length > 1 && refused.every((entry) => entry.why === refused[0].why) ? refused[0].why : '';
}

export function Access({ room }) {
  const client = useClient();
  const { act } = client;
  const access = useStore((state) => state.access[room.id]);
  const up = useStore((state) => state.connection.up);
  useEffect(() => { if (up) act.rooms.explain(room.id); }, [room.id, up, room.access.state, room.post_markings]);
  if (access?.error) return html`<div class="note note-warn">${icon('alert', '')}<div>${access.error}</div></div>`;
  if (!access?.data) return html`<${Spinner} text=${t('access.asking')} />`;
  const { verdict, checked_at: at, conditions, can, rule_text: rule, ends, decision } = access.data;
  const [symbol, tone] = VERDICT[verdict] ?? VERDICT.indeterminate;
  const posts = can.some((entry) => entry.action === 'room:message:post' && entry.effect !== 'no');
  const shared = sameReason(can);
  const own = conditions.filter((condition) => condition.from !== 'workspace');
  const all = conditions.filter((condition) => condition.from === 'workspace');
  return html`
    <div class="verdict"><span class=${cls('vd-i', tone && `vd-${tone}`)}>${icon(symbol, 'i-lg')}</span><div><h3>${t(verdict === 'permit' ? (posts ? 'access.permit_post' : 'access.permit') : `access.${verdict}`)}</h3><p>${t('access.checked', { time: secondOf(at) })}</p></div></div>
    <h3 class="sh">${t('access.why')}</h3>
    ${conditions.length ? html`<ol class="proof">
      ${own.map((condition) => html`<${Condition} condition=${condition} />`)}
      ${all.length > 0 && html`<li class="pf-sub">${t('access.everywhere')}</li>`}
      ${all.map((condition) => html`<${Condition} condition=${condition} />`)}
    </ol>` : html`<p class="fine">${t('access.no_conditions')}</p>`}
    ${ends.map((end) => html`<div class="note note-warn">${icon('clock', '')}<div>${parts(dayKey(end.at) === dayKey(Date.now()) ? 'access.ends_today' : 'access.ends', { words: html`<b>${end.words}</b>`, date: dateOf(end.at), time: hourOf(end.at) })}</div></div>`)}
    <h3 class="sh">${t('access.can')}</h3>
    <ul class="can">${can.map((entry) => html`<li class=${EFFECT[entry.effect]?.[1]}>${icon(EFFECT[entry.effect]?.[0] ?? 'minus')}<span>${entry.words}${entry.effect === 'step_up' ? html`, <button type="button" class="link" onClick=${() => act.account.askStepUp({ room: room.id })}>${t('access.after_step_up')}</button>` : entry.why && entry.why !== shared ? `: ${entry.why}` : ''}</span></li>`)}</ul>
    ${shared && html`<p class="fine can-why">${shared}</p>`}
    ${rule && html`<h3 class="sh">${t('access.rule')}</h3><pre class="rule" tabindex="0" role="group" aria-label=${t('access.rule')}><code>${rule}</code></pre>`}
    ${decision && html`<p class="fine">${parts('decision.long', { id: html`<span class="mono">${decision}</span>` })} <button type="button" class="link" onClick=${() => copy(decision, client)}>${t('copy')}</button></p>`}`;
}
