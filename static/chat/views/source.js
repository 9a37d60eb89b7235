// A message as its author wrote it, for editing, copying and quoting.
import { markOf } from '../marks.js';

/** The text of all parts; where they differ in marking each begins with its portion mark. */
export function sourceOf(state, message) {
  const parts = message.parts.filter((part) => !part.withheld);
  if (parts.length < 2) return parts[0]?.md ?? '';
  return parts.map((part) => `(${markOf(state.workspace, part.marking).short}) ${part.md}`).join('\n\n');
}

export function quoteOf(message) {
  const text = message.parts.filter((part) => !part.withheld).map((part) => part.md).join('\n');
  return `${text.split('\n').map((line) => `> ${line}`).join('\n')}\n\n`;
}
