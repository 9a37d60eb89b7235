// What the message box offers while somebody writes: people after "@", commands after a first "/". Pure.
const MENTION = /(?:^|[\s(])@([\w.-]*)$/;
const COMMAND = /^\/(\w*)$/;

/** What is being written at the caret, or nothing. */
export function asked(text, caret) {
  const before = text.slice(0, caret);
  const mention = MENTION.exec(before);
  if (mention) return { kind: 'mention', text: mention[1], from: caret - mention[1].length - 1 };
  const command = COMMAND.exec(before);
  return command ? { kind: 'command', text: command[1], from: 0 } : null;
}

/** Where the letters of a name match what was written. */
export function matching(text, name) {
  const at = name.toLowerCase().indexOf(text.toLowerCase());
  return at < 0 || !text ? null : [name.slice(0, at), name.slice(at, at + text.length), name.slice(at + text.length)];
}

const starts = (text, person) => person.username.toLowerCase().startsWith(text) || person.name.toLowerCase().split(/\s+/).some((word) => word.startsWith(text));

/** The people whose name or user name begins so, those who are here first. */
export function peopleFor(text, people) {
  const order = ({ presence }) => (presence === 'active' ? 0 : presence === 'offline' ? 2 : 1);
  return people.filter((person) => person.active !== false && starts(text.toLowerCase(), person)).sort((one, other) => order(one) - order(other) || one.name.localeCompare(other.name)).slice(0, 6);
}

export const COMMANDS = [
  { name: 'mark', takes: 'marking', needs: 'room:message:post' },
  { name: 'who' },
  { name: 'why' },
  { name: 'topic', takes: 'text', needs: 'room:room:update' },
  { name: 'invite', needs: 'room:member:add' },
  { name: 'mute' },
  { name: 'away' },
  { name: 'code', needs: 'room:message:post' },
];

/** The commands that this person may use here. */
export const commandsFor = (text, room) => COMMANDS.filter(({ name, needs }) => name.startsWith(text.toLowerCase()) && (!needs || room.powers?.includes(needs)));

/** A text that begins like a command: its name and the rest. */
export function commandOf(text) {
  const match = /^\/([a-z]+)(?:\s+([\s\S]*))?$/.exec(text.trim());
  return match ? { name: match[1], rest: match[2] ?? '' } : null;
}
