// The lists over the message box.
import { useEffect, useState } from 'preact/hooks';
import { html, icon, useClient, useStore } from '../dom.js';
import { matching, peopleFor } from '../complete.js';
import { t } from '../i18n.js';
import { Avatar } from './basics.js';

const SETTLE = 120;

/** People who can read this room, asked of the server; what is already known of its members stands at once. */
export function useMentions(query, room) {
  const { act, store } = useClient();
  const members = useStore((state) => state.members[room.id]?.items);
  const [found, setFound] = useState(null);
  const text = query?.text ?? null;
  useEffect(() => {
    if (text === null || !store.state.connection.up) {
      setFound(null);
      return undefined;
    }
    const timer = setTimeout(() => act.people.find(text, room.id).then((people) => setFound({ text, people }), () => setFound(null)), SETTLE);
    return () => clearTimeout(timer);
  }, [text, room.id]);
  if (text === null) return [];
  const known = (members ?? []).map((member) => store.state.people[member.person]).filter(Boolean);
  const answer = found?.people.filter((person) => person.can_read !== false) ?? [];
  const all = new Map([...known, ...answer].map((person) => [person.id, person]));
  for (const person of found?.people ?? []) if (person.can_read === false) all.delete(person.id);
  const people = peopleFor(text, [...all.values()].filter((person) => person.id !== store.state.me.id));
  const whole = 'room'.startsWith(text.toLowerCase()) && room.powers?.includes('room:mention:room') ? [{ id: 'room', username: 'room', name: t('mention.room'), whole: true }] : [];
  return [...people, ...whole];
}

function Marked({ text, name }) {
  const pieces = matching(text, name);
  return pieces ? html`${pieces[0]}<u>${pieces[1]}</u>${pieces[2]}` : name;
}

export function MentionList({ id, people, at, text, onPick }) {
  return html`<div class="pop ac menu">
    <div class="menu-title" id=${`${id}-t`}>${t('mention.title')}</div>
    <div role="listbox" id=${id} aria-labelledby=${`${id}-t`}>
      ${people.map((person, n) => html`<div class="mi" role="option" key=${person.id} id=${`${id}-${n}`} aria-selected=${String(n === at)} onPointerDown=${(event) => { event.preventDefault(); onPick(person); }}>
        ${person.whole ? html`<span class="av av-sm av-8" aria-hidden="true">${icon('users', 'i-xs')}</span>` : html`<${Avatar} person=${person} size="sm" presence />`}
        <span class="grow truncate"><b>${person.whole ? '@room' : html`<${Marked} text=${text} name=${person.name} />`}</b> <span class="muted">${person.whole ? person.name : person.title}</span></span>
        ${n === at && html`<kbd>Enter</kbd>`}
      </div>`)}
    </div>
    <div class="ac-foot">${icon('info', 'i-xs')}${t('mention.only')}</div>
  </div>`;
}

export function CommandList({ id, commands, at, onPick }) {
  return html`<div class="pop ac menu">
    <div class="menu-title" id=${`${id}-t`}>${t('command.title')}</div>
    <div role="listbox" id=${id} aria-labelledby=${`${id}-t`}>
      ${commands.map((command, n) => html`<div class="mi" role="option" key=${command.name} id=${`${id}-${n}`} aria-selected=${String(n === at)} onPointerDown=${(event) => { event.preventDefault(); onPick(command); }}>
        <span class="grow truncate"><b class="mono">/${command.name}</b> ${command.takes && html`<span class="mono muted">[${t(`command.takes_${command.takes}`)}]</span>`} <span class="muted">${t(`command.${command.name}`)}</span></span>${n === at && html`<kbd>Enter</kbd>`}
      </div>`)}
    </div>
  </div>`;
}
