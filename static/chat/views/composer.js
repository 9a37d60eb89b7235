// The message box: marking, mentions, commands, emoji; Enter sends, or Ctrl Enter when that is preferred.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { cls, hidden, html, icon, useClient, useStore } from '../dom.js';
import { asked, commandOf, commandsFor, COMMANDS } from '../complete.js';
import { t } from '../i18n.js';
import { markOf, spoken, written } from '../marks.js';
import { mayPost, nameOf, startingMark } from '../state/select.js';
import { runCommand } from './commands.js';
import { CommandList, MentionList, useMentions } from './completions.js';
import { EmojiPicker } from './emoji.js';
import { MarkingMenu } from './marking.js';
import { sourceOf } from './source.js';

const EMPTY = Object.freeze({ text: '', marking: null, begun: null });

/** The message that is being edited here, if it is still there. */
function useEdited(place, room) {
  return useStore((state) => {
    const id = state.editing[place];
    return id ? (state.timelines[room.id]?.messages[id] ?? state.threads[place]?.timeline.messages[id] ?? null) : null;
  });
}

function lastOwn(state, place, room) {
  const timeline = place === room.id ? state.timelines[room.id] : state.threads[place]?.timeline;
  const id = timeline?.order.findLast((known) => timeline.messages[known].author === state.me.id && timeline.messages[known].view === 'full' && !timeline.messages[known].deleted);
  return id && timeline.messages[id];
}

export function Composer({ room, place, thread, replyTo, slim, label, autofocus }) {
  const client = useClient();
  const { store, act } = client;
  const box = useRef();
  const opener = useRef();
  const draft = useStore((state) => state.drafts[place] ?? EMPTY);
  const enterSends = useStore((state) => state.prefs.enterSends !== false);
  const up = useStore((state) => state.connection.up);
  const limit = useStore((state) => state.limits.body_chars);
  const edited = useEdited(place, room);
  const [open, setOpen] = useState(null);
  const [caret, setCaret] = useState(0);
  const [at, setAt] = useState(0);
  const [also, setAlso] = useState(false);
  const [unknown, setUnknown] = useState(null);
  const start = startingMark(store.state, room);
  const marking = draft.marking ?? draft.begun ?? start;
  const barred = !mayPost(room, marking);
  const mark = markOf(store.state.workspace, marking);
  const query = open === 'dismissed' ? null : asked(draft.text, caret);
  const mentions = useMentions(query?.kind === 'mention' ? query : null, room);
  const commands = query?.kind === 'command' && !slim ? commandsFor(query.text, room) : [];
  const options = query?.kind === 'mention' ? mentions : commands;
  const listed = query && options.length > 0 && !['marking', 'emoji'].includes(open);
  const audience = useStore((state) => state.audience[`${room.id}|${marking}`]);
  const name = nameOf(store.state, room);
  const excess = act.messages.excess({ edited, room: room.id, thread, replyTo, body: draft.text.trim(), marking, alsoToRoom: also });

  useEffect(() => { if (!barred) act.rooms.audience(room.id, marking); }, [room.id, marking, barred, up, audience]);
  useLayoutEffect(() => { if (edited) write({ text: sourceOf(store.state, edited), marking: edited.marking }); }, [edited?.id]);
  useLayoutEffect(() => setAt(0), [query?.text, query?.kind]);
  useLayoutEffect(() => { if (autofocus && matchMedia('(min-width: 720px)').matches) box.current.focus({ preventScroll: true }); }, [place]);
  useLayoutEffect(() => grow(box.current), [draft.text]);

  /** Text keeps the marking that it was begun with: what may be posted can change, and nothing is ever marked lower unasked. */
  function write(next) {
    const value = { ...EMPTY, ...store.state.drafts[place], ...next };
    value.begun = value.text ? (value.marking ?? value.begun ?? start) : null;
    act.messages.draft(place, value.text || value.marking ? value : null);
  }

  function typed(event) {
    write({ text: event.target.value });
    setCaret(event.target.selectionStart);
    setUnknown(null);
    if (open === 'dismissed') setOpen(null);
    if (event.target.value && !edited) act.messages.typing(room.id, thread);
  }

  function insert(text, from = box.current.selectionStart, to = box.current.selectionEnd) {
    write({ text: draft.text.slice(0, from) + text + draft.text.slice(to) });
    queueMicrotask(() => {
      box.current?.focus();
      box.current?.setSelectionRange(from + text.length, from + text.length);
      setCaret(from + text.length);
    });
  }

  function choose(option) {
    if (query.kind === 'mention') insert(`@${option.username} `, query.from, caret);
    else if (option.takes) insert(`/${option.name} `, 0, caret);
    else command({ name: option.name, rest: '' });
  }

  function command({ name: verb, rest }) {
    write({ text: '' });
    runCommand({ client, room, verb, rest, mark: (chosen) => write({ marking: chosen }), insert: (text) => write({ text }), openMarking: () => setOpen('marking') });
  }

  function send() {
    const body = draft.text.trim();
    if (!body || body.length > limit || excess > 0) return;
    if (edited) {
      if (barred) return;
      act.messages.edit(edited, body, marking).then(stopEditing, () => {});
      return;
    }
    const asCommand = slim ? null : commandOf(body);
    if (asCommand && unknown !== body) {
      if (COMMANDS.some(({ name: known }) => known === asCommand.name)) command(asCommand);
      else setUnknown(body);
      return;
    }
    if (barred) return;
    if (!act.messages.post({ room: room.id, thread, replyTo, body, marking, alsoToRoom: also })) return;
    act.messages.draft(place, null);
    setUnknown(null);
    store.dispatch({ type: 'unread.placed', room: room.id, message: null });
  }

  function stopEditing() {
    act.messages.startEdit(place, null);
    act.messages.draft(place, null);
  }

  function keys(event) {
    if (event.isComposing) return;
    if (listed && inList(event)) return;
    const sends = event.key === 'Enter' && (enterSends ? !event.shiftKey && !event.ctrlKey : event.ctrlKey || event.metaKey);
    if (sends) {
      event.preventDefault();
      send();
    } else if (event.key === 'ArrowUp' && !draft.text && !event.shiftKey) {
      const last = lastOwn(store.state, place, room);
      if (last) {
        event.preventDefault();
        act.messages.startEdit(place, last);
      }
    } else if (event.key === 'Escape' && (edited || open)) {
      event.stopPropagation();
      if (open) setOpen(null);
      else stopEditing();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      box.current.closest('.main, .panel')?.querySelector('.msg[tabindex="0"]')?.focus();
    } else if (event.altKey && event.key.toLowerCase() === 'm') {
      event.preventDefault();
      setOpen('marking');
    }
  }

  function inList(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((options.length + at + step) % options.length);
    else if (event.key === 'Enter' || event.key === 'Tab') choose(options[at] ?? options[0]);
    else if (event.key === 'Escape') setOpen('dismissed');
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  const toggle = (what) => {
    opener.current = document.activeElement;
    setOpen(open === what ? null : what);
  };
  const shut = () => {
    setOpen(null);
    const back = opener.current;
    (back?.isConnected && back !== document.body ? back : box.current).focus();
  };
  const listId = `complete-${place}`;
  const tooLong = draft.text.length - limit;
  const over = tooLong > 0 ? t('composer.too_long', { n: tooLong }) : excess > 0 ? t('composer.too_large', { n: excess }) : barred && t('composer.barred');
  const ready = Boolean(draft.text.trim()) && !over;
  const title = edited ? t('composer.editing') : label;
  return html`<div class=${cls('comp-wrap', slim && 'slim')} data-composer=${place}>
    ${listed && query.kind === 'mention' && html`<${MentionList} id=${listId} people=${mentions} at=${at} text=${query.text} onPick=${choose} />`}
    ${listed && query.kind === 'command' && html`<${CommandList} id=${listId} commands=${commands} at=${at} onPick=${choose} />`}
    ${open === 'marking' && html`<${MarkingMenu} room=${room} chosen=${marking} onPick=${(chosen) => { write({ marking: chosen === start ? null : chosen, begun: chosen }); setOpen(null); box.current.focus(); }} onClose=${shut} />`}
    ${open === 'emoji' && html`<div class="pop"><${EmojiPicker} onPick=${(emoji) => { setOpen(null); insert(emoji); }} onClose=${() => setOpen(null)} /></div>`}
    ${edited && html`<p class="editing">${icon('edit', 'i-xs')}<span class="grow">${t('composer.editing')}</span><button type="button" class="link" onClick=${stopEditing}>${t('cancel')}</button></p>`}
    ${unknown && html`<p class="editing" role="alert">${icon('info', 'i-xs')}<span class="grow">${t('command.unknown', { name: commandOf(unknown)?.name ?? '' })}</span><button type="button" class="link" onClick=${send}>${t('command.as_text')}</button></p>`}
    <form class=${cls('comp', `mk-${mark.bar}`)} id=${slim ? undefined : 'composer'} aria-label=${slim ? t('thread.write') : t('composer.write')} onSubmit=${(event) => { event.preventDefault(); send(); }}>
      <label class="vh" for=${`box-${place}`}>${t('composer.label', { title, marking: spoken(marking) })}</label>
      <textarea id=${`box-${place}`} data-region=${slim ? null : 'composer'} ref=${box} rows="1" value=${draft.text} placeholder=${title} role="combobox" aria-autocomplete="list" aria-haspopup="listbox" aria-expanded=${String(Boolean(listed))} aria-controls=${listed ? listId : undefined} aria-activedescendant=${listed ? `${listId}-${at}` : undefined}
        onInput=${typed} onKeyDown=${keys} onSelect=${(event) => setCaret(event.target.selectionStart)}></textarea>
      <div class="comp-bar">
        <button type="button" class="mkbtn" aria-haspopup="listbox" aria-expanded=${String(open === 'marking')} onClick=${() => toggle('marking')}><span class=${`mk-swatch mk-${mark.bar}`} aria-hidden="true"></span>${hidden(t('marking.label', { marking: spoken(marking) }))}${slim ? html`<span aria-hidden="true">${mark.short}</span>` : html`<span class="mkbtn-l" aria-hidden="true">${written(marking)}</span><span class="mkbtn-s" aria-hidden="true">${mark.short}</span>`}${icon('chev-d', 'i-xs')}</button>
        <span class="vr" aria-hidden="true"></span>
        ${!slim && html`<button type="button" class="ib ib-sm" aria-label=${t('composer.mention')} onClick=${() => { const start = box.current.selectionStart; insert(start && !/\s$/.test(draft.text.slice(0, start)) ? ' @' : '@'); }}>${icon('at', '')}</button>`}
        <button type="button" class="ib ib-sm" aria-label=${t('composer.emoji')} aria-expanded=${String(open === 'emoji')} onClick=${() => toggle('emoji')}>${icon('smile', '')}</button>
        ${!slim && html`<button type="button" class="ib ib-sm hide-s" aria-label=${t('composer.commands')} onClick=${() => { write({ text: '/' }); queueMicrotask(() => { box.current.focus(); setCaret(1); }); }}>${icon('slash', '')}</button>`}
        <span class="grow"></span>
        ${over ? html`<span class="reach over" role="alert">${over}</span>` : up ? audience && !slim && html`<span class="reach num hide-s">${icon('eye', 'i-xs')}${t('composer.audience', { n: audience.can_read })}</span>` : html`<span class="reach hide-s">${icon('clock', 'i-xs')}${t('composer.will_wait')}</span>`}
        ${slim && !edited && html`<button type="button" class=${cls('chip also', also && 'on')} aria-pressed=${String(also)} onClick=${() => setAlso(!also)}>${t('thread.also')}</button>`}
        <button type="submit" class=${cls('send', ready && 'ready')} aria-label=${edited ? t('composer.save') : slim ? t('thread.send') : t('composer.send')} aria-disabled=${String(!ready)}>${icon(edited ? 'check' : 'send', '')}</button>
      </div>
    </form>
    ${!slim && html`<${Foot} room=${room} name=${name} enterSends=${enterSends} />`}
  </div>`;
}

/** Where the sheet alone cannot let the box grow with its text. */
function grow(element) {
  if (CSS.supports('field-sizing', 'content')) return;
  element.style.height = 'auto';
  element.style.height = `${element.scrollHeight}px`;
}

function Foot({ room, enterSends }) {
  const { store } = useClient();
  const typing = useStore((state) => state.typing[room.id]);
  const names = Object.keys(typing ?? {}).map((id) => store.state.people[id]?.name).filter(Boolean);
  const text = names.length > 2 ? t('typing.many', { n: names.length }) : names.length === 2 ? t('typing.two', { one: names[0], other: names[1] }) : names.length ? t('typing.one', { who: names[0] }) : '';
  return html`<div class="comp-foot">
    ${text && html`<span class="typing truncate"><span class="td" aria-hidden="true"><i></i><i></i><i></i></span>${text}</span>`}
    <span class="grow"></span>
    <span class="hide-s">${enterSends ? html`<kbd>Enter</kbd> ${t('composer.sends')}, <kbd>Shift</kbd> <kbd>Enter</kbd> ${t('composer.breaks')}` : html`<kbd>Ctrl</kbd> <kbd>Enter</kbd> ${t('composer.sends')}`}</span>
  </div>`;
}
