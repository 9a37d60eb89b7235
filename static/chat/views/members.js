// Who is in the room. Attributes of others are never shown here.
import { useEffect, useState } from 'preact/hooks';
import { html, icon, useClient, useStore } from '../dom.js';
import { count, t } from '../i18n.js';
import { can, hasPowerOverMembers } from '../state/select.js';
import { Avatar, Menu, MenuItem, Spinner, presenceWord } from './basics.js';

const SHOWN = 20;
const ROLES = ['owner', 'moderator', 'member', 'reader'];

function Member({ room, member }) {
  const client = useClient();
  const { act, store } = client;
  const person = useStore((state) => state.people[member.person]);
  const [menu, setMenu] = useState(false);
  const mine = member.person === store.state.me.id;
  const manages = !mine && hasPowerOverMembers(room);
  const then = (work) => () => { setMenu(false); work().catch(client.complain); };
  return html`<li>
    <${Avatar} person=${person} size="sm" presence=${!person.bot} /><span class="grow"><b>${person.name}</b><span>${person.title}</span><span class="vh">${presenceWord(person)}</span></span>
    ${member.role !== 'member' && html`<span class="tag">${t(`role.${member.role}`)}</span>`}
    ${mine && html`<span class="tag">${t('you')}</span>`}
    ${!mine && html`<span class="mem-m"><button type="button" class="ib ib-sm" aria-label=${t('members.more', { who: person.name })} aria-haspopup="menu" aria-expanded=${String(menu)} onClick=${() => setMenu(!menu)}>${icon('more')}</button>
    ${menu && html`<${Menu} label=${t('members.more', { who: person.name })} class="mem-menu" onClose=${() => setMenu(false)}>
      <${MenuItem} name="thread" onPick=${then(() => act.rooms.direct([member.person]))}>${t('members.message')}<//>
      ${manages && can(room, 'room:member:set_role') && html`<hr class="sep" />${ROLES.map((role) => html`<${MenuItem} key=${role} checked=${role === member.role} onPick=${then(() => act.people.setRole(room.id, member.person, { role }))}>${t(`role.${role}`)}<//>`)}`}
      ${manages && can(room, 'room:member:remove') && html`<hr class="sep" /><${MenuItem} name="x" danger onPick=${then(() => act.people.remove(room.id, member.person))}>${t('members.remove')}<//>`}
    <//>`}</span>`}
  </li>`;
}

function Section({ title, members, room }) {
  const [whole, setWhole] = useState(false);
  if (!members.length) return null;
  const shown = whole ? members : members.slice(0, SHOWN);
  return html`<h3 class="sh">${title} <span class="muted num">${count(members.length)}</span></h3>
    <ul class="mem">${shown.map((member) => html`<${Member} key=${member.person} room=${room} member=${member} />`)}</ul>
    ${shown.length < members.length && html`<button type="button" class="link small" onClick=${() => setWhole(true)}>${t('members.show', { n: members.length - shown.length })}</button>`}`;
}

export function Members({ room }) {
  const { act, store } = useClient();
  const known = useStore((state) => state.members[room.id]);
  const people = useStore((state) => state.people);
  const up = useStore((state) => state.connection.up);
  const [text, setText] = useState('');
  useEffect(() => { if (up && !known) act.people.members(room.id); }, [room.id, up, known]);
  if (!known) return html`<${Spinner} text=${t('members.loading')} />`;
  const found = known.items.filter((member) => member.state !== 'suspended' || hasPowerOverMembers(room)).filter((member) => people[member.person] && `${people[member.person].name} ${people[member.person].title ?? ''} ${people[member.person].username}`.toLowerCase().includes(text.toLowerCase()))
    .sort((one, other) => people[one.person].name.localeCompare(people[other.person].name));
  const isHere = (member) => people[member.person].presence === 'active';
  const suspended = found.filter((member) => member.state === 'suspended');
  const active = found.filter((member) => member.state !== 'suspended');
  const bots = active.filter((member) => people[member.person].bot);
  const humans = active.filter((member) => !people[member.person].bot);
  return html`
    <p class="fine top">${t(room.governed ? 'members.follow' : 'members.plain')}</p>
    <div class="mem-find"><input class="input" type="search" placeholder=${t('members.find')} aria-label=${t('members.find')} value=${text} onInput=${(event) => setText(event.target.value)} />
    ${can(room, 'room:member:add') && room.kind !== 'direct' && html`<button type="button" class="btn" onClick=${() => act.overlay({ kind: 'add_member', room: room.id })}>${icon('plus')}${t('members.add_short')}</button>`}</div>
    <${Section} title=${t('members.here')} members=${humans.filter(isHere)} room=${room} />
    <${Section} title=${t('members.away')} members=${humans.filter((member) => !isHere(member))} room=${room} />
    <${Section} title=${t('members.apps')} members=${bots} room=${room} />
    <${Section} title=${t('members.suspended')} members=${suspended} room=${room} />
    ${!found.length && html`<p class="fine threads-none">${t('members.none')}</p>`}`;
}
