// What the commands of the message box do: the same as the buttons, by the same checks of the server.
import { t } from '../i18n.js';
import { choices } from '../state/select.js';

export function runCommand({ client, room, verb, rest, mark, insert, openMarking }) {
  const { act, store } = client;
  const panel = (kind) => act.rooms.open(room.id, { kind });
  const commands = {
    mark() {
      const asked = rest.trim().toLowerCase();
      const found = choices(store.state, room).find(({ name, short }) => [name.toLowerCase(), short.toLowerCase()].includes(asked));
      if (found && !found.off) mark(found.name);
      else if (found) client.notice('warn', t(`marking.${found.off}`));
      else openMarking();
    },
    who: () => panel('members'),
    why: () => panel('access'),
    topic: () => (rest.trim() ? act.rooms.update(room.id, { topic: rest.trim() }).catch(client.complain) : act.overlay({ kind: 'edit_room', room: room.id })),
    invite: () => act.overlay({ kind: 'add_member', room: room.id }),
    mute: () => act.rooms.mute(room.id, !room.muted),
    away: () => act.account.setPresence(store.state.me.presence === 'away' ? 'active' : 'away'),
    code: () => insert('```\n\n```'),
  };
  commands[verb]();
}
