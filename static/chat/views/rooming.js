// Dialogs that make rooms and change who is in them.
import { useEffect, useState } from 'preact/hooks';
import { cls, html, icon, useClient, useStore } from '../dom.js';
import { t } from '../i18n.js';
import { markOf, written } from '../marks.js';
import { nameOf } from '../state/select.js';
import { Avatar, Dialog, DialogHead, Spinner } from './basics.js';

const Error = ({ text }) => text && html`<p class="note note-danger" role="alert">${icon('alert', '')}<span>${text}</span></p>`;
const said = (refusal) => [refusal.text || t('error.offline'), refusal.remedy, refusal.decision && t('decision.short', { id: refusal.decision })].filter(Boolean).join(' ');

/** Chooses people by name; with a room only those who can read it may be chosen, the others say why. */
function PeoplePicker({ room, chosen, onChange, single }) {
  const { act, store } = useClient();
  const [text, setText] = useState('');
  const [people, setPeople] = useState([]);
  const members = useStore((state) => state.members[room]?.items);
  useEffect(() => {
    const timer = setTimeout(() => act.people.find(text, room).then(setPeople, () => setPeople([])), 120);
    return () => clearTimeout(timer);
  }, [text, room]);
  const inside = new Set((members ?? []).map((member) => member.person));
  const found = people.filter((person) => person.id !== store.state.me.id && !inside.has(person.id) && person.active !== false).slice(0, 30);
  const toggle = (person) => onChange(chosen.some((other) => other.id === person.id) ? chosen.filter((other) => other.id !== person.id) : single ? [person] : [...chosen, person]);
  return html`
    ${chosen.length > 0 && html`<p class="picked">${chosen.map((person) => html`<button type="button" key=${person.id} class="chip on" aria-label=${t('pick.remove', { who: person.name })} onClick=${() => toggle(person)}>${person.name}${icon('x', 'i-xs')}</button>`)}</p>`}
    <input class="input" type="search" data-focus value=${text} placeholder=${t('pick.find')} aria-label=${t('pick.find')} onInput=${(event) => setText(event.target.value)} />
    <ul class="mem pick scroll" aria-label=${t('switcher.people')}>${found.map((person) => {
      const off = person.can_read === false;
      const on = chosen.some((other) => other.id === person.id);
      return html`<li key=${person.id}><label class=${cls('pick-l', off && 'off')}><input type="checkbox" checked=${on} disabled=${off} onChange=${() => toggle(person)} /><${Avatar} person=${person} size="sm" presence /><span class="grow"><b>${person.name}</b><span>${off ? t('pick.cannot') : person.title}</span></span></label></li>`;
    })}</ul>`;
}

function useSubmit(work, onClose) {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError('');
    work(event).then(onClose, (refusal) => {
      setBusy(false);
      setError(said(refusal));
    });
  };
  return { submit, error, busy };
}

function FormDialog({ title, name, confirm, onClose, submit, error, busy, children }) {
  return html`<${Dialog} class=${cls('dialog formdlg', name)} labelledby="fd-t" onClose=${onClose}><form onSubmit=${submit}>
    <${DialogHead} id="fd-t" title=${title} onClose=${onClose} />
    <div class="sets">${children}<${Error} text=${error} /></div>
    <div class="step-a"><button type="button" class="btn" onClick=${onClose}>${t('cancel')}</button><button type="submit" class="btn btn-primary" aria-disabled=${String(busy)}>${confirm}</button></div>
  </form><//>`;
}

export function NewRoom({ onClose }) {
  const { act, store } = useClient();
  const { workspace } = store.state;
  const [kind, setKind] = useState('private');
  const ceiling = markOf(workspace, workspace.ceiling).rank;
  const form = useSubmit((event) => {
    const { name, topic, marking } = Object.fromEntries(new FormData(event.target));
    return act.rooms.create({ kind, name: name.trim(), topic: topic.trim(), marking });
  }, onClose);
  return html`<${FormDialog} title=${t('new.title')} confirm=${t('new.create')} onClose=${onClose} ...${form}>
    <div class="choice-o">${['private', 'public'].map((option) => html`<label class="seg"><input type="radio" name="kind" checked=${kind === option} onChange=${() => setKind(option)} /><span>${t(`kind.${option}`)}</span></label>`)}</div>
    <p class="hint">${t(`new.hint_${kind}`)}</p>
    <div class="field"><label for="nr-n">${t('about.name')}</label><input class="input" id="nr-n" data-focus name="name" required maxlength="80" autocomplete="off" /></div>
    <div class="field"><label for="nr-t">${t('about.topic')}</label><input class="input" id="nr-t" name="topic" maxlength="250" autocomplete="off" /></div>
    <div class="field"><label for="nr-m">${t('about.marking')}</label><select class="select" id="nr-m" name="marking">${workspace.markings.filter((_, rank) => rank <= ceiling).map((mark) => html`<option value=${mark.name}>${written(mark.name)}</option>`)}</select></div>
    <p class="hint"><button type="button" class="link" onClick=${() => act.overlay({ kind: 'new_direct' })}>${t('new.direct')}</button></p>
  <//>`;
}

export function NewDirect({ onClose }) {
  const { act } = useClient();
  const [chosen, setChosen] = useState([]);
  const form = useSubmit(() => (chosen.length ? act.rooms.direct(chosen.map((person) => person.id)) : Promise.reject({ text: t('pick.nobody') })), onClose);
  return html`<${FormDialog} title=${t('direct.title')} confirm=${t(chosen.length > 1 ? 'direct.group' : 'direct.start')} onClose=${onClose} ...${form}><${PeoplePicker} chosen=${chosen} onChange=${setChosen} /><//>`;
}

export function AddMember({ overlay, onClose }) {
  const { act, store } = useClient();
  const room = useStore((state) => state.rooms[overlay.room]);
  const [chosen, setChosen] = useState([]);
  useEffect(() => { if (!store.state.members[overlay.room]) act.people.members(overlay.room); }, []);
  const form = useSubmit(async () => {
    if (!chosen.length) throw Object.assign(new globalThis.Error(), { text: t('pick.nobody') });
    for (const person of chosen) {
      await act.people.add(overlay.room, person.id);
      setChosen((now) => now.filter((other) => other.id !== person.id));
    }
  }, onClose);
  return html`<${FormDialog} title=${t('members.add_to', { room: nameOf(store.state, room) })} confirm=${t('members.add_short')} onClose=${onClose} ...${form}>${room.governed && html`<p class="fine">${t('members.policy_decides')}</p>`}<${PeoplePicker} room=${overlay.room} chosen=${chosen} onChange=${setChosen} /><//>`;
}

export function EditRoom({ overlay, onClose }) {
  const { act } = useClient();
  const room = useStore((state) => state.rooms[overlay.room]);
  const form = useSubmit((event) => {
    const { name, topic } = Object.fromEntries(new FormData(event.target));
    return act.rooms.update(overlay.room, { name: name.trim(), topic: topic.trim() });
  }, onClose);
  return html`<${FormDialog} title=${t('room.edit')} confirm=${t('save')} onClose=${onClose} ...${form}>
    <div class="field"><label for="er-n">${t('about.name')}</label><input class="input" id="er-n" data-focus name="name" required maxlength="80" value=${room.name} /></div>
    <div class="field"><label for="er-t">${t('about.topic')}</label><input class="input" id="er-t" name="topic" maxlength="250" value=${room.topic} /></div>
  <//>`;
}

function Card({ card, onOpen, onJoin, error }) {
  const { store } = useClient();
  const mark = markOf(store.state.workspace, card.marking);
  const mine = Boolean(store.state.rooms[card.id]);
  const words = card.requirement?.words;
  const rule = Array.isArray(words) ? words.join(', ') : words || card.requirement?.text;
  return html`<li class="card-r">${icon(card.kind === 'public' ? 'hash' : 'lock')}<span class="grow"><b class="truncate">${card.name}</b> <span class=${`pm pm-${mark.bar}`}>${mark.short}</span>
    ${card.topic && html`<span class="inbox-s truncate">${card.topic}</span>`}<span class="inbox-s">${t('room.members', { n: card.member_count })}${card.governed && rule ? ` · ${rule}` : ''}</span>
    ${!mine && !card.can_join && card.why_not && html`<span class="inbox-s why-not">${icon('shield-x', 'i-xs')}${typeof card.why_not === 'string' ? card.why_not : card.why_not.words}</span>`}${error && html`<span class="inbox-s why-not" role="alert">${error}</span>`}</span>
    ${mine ? html`<button type="button" class="btn btn-sm" aria-label=${t('browse.open_room', { room: card.name })} onClick=${onOpen}>${t('browse.open')}</button>` : html`<button type="button" class="btn btn-sm" aria-disabled=${String(!card.can_join)} aria-label=${t('browse.join_room', { room: card.name })} onClick=${() => card.can_join && onJoin()}>${t('browse.join')}</button>`}</li>`;
}

export function Browse({ onClose }) {
  const { act, store } = useClient();
  const [text, setText] = useState('');
  const [cards, setCards] = useState(null);
  const [errors, setErrors] = useState({});
  useEffect(() => {
    const timer = setTimeout(() => act.rooms.browse(text).then(setCards, () => setCards([])), 150);
    return () => clearTimeout(timer);
  }, [text]);
  const open = (card) => { onClose(); act.rooms.open(card.id); };
  const join = (card) => act.rooms.join(card.id).then(onClose, (refusal) => setErrors({ ...errors, [card.id]: said(refusal) }));
  const creates = store.state.me.powers?.includes('create_rooms');
  return html`<${Dialog} class="dialog formdlg browse" labelledby="br-t" onClose=${onClose}>
    <${DialogHead} id="br-t" title=${t('browse.title')} onClose=${onClose} />
    <div class="sets"><div class="mem-find"><input class="input" type="search" data-focus value=${text} placeholder=${t('browse.find')} aria-label=${t('browse.find')} onInput=${(event) => setText(event.target.value)} />${creates && html`<button type="button" class="btn" onClick=${() => act.overlay({ kind: 'new' })}>${icon('plus')}${t('new.title')}</button>`}</div>
    ${!cards ? html`<${Spinner} text=${t('browse.loading')} />` : cards.length ? html`<ul class="cards scroll">${cards.map((card) => html`<${Card} key=${card.id} card=${card} error=${errors[card.id]} onOpen=${() => open(card)} onJoin=${() => join(card)} />`)}</ul>` : html`<p class="fine threads-none">${t('browse.none')}</p>`}
    <p class="fine">${t('browse.only')}</p></div>
  <//>`;
}
