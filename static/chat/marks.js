// Markings: their order, and the highest of several. One that the workspace does not know counts as the highest of all.

export const UNKNOWN = Object.freeze({ name: '', short: '?', bar: 'unk', rank: Infinity });
export const LEVELS = new Set(['u', 'cui', 'c', 's', 'ts', 'sci']);

/** The marking of this name with its rank in the workspace. */
export function markOf(workspace, name) {
  const rank = workspace?.markings.findIndex((mark) => mark.name === name) ?? -1;
  if (rank < 0) return { ...UNKNOWN, name: name ?? '' };
  const mark = workspace.markings[rank];
  return { ...mark, bar: LEVELS.has(mark.bar) ? mark.bar : 'unk', rank };
}

/** The highest of these names, or nothing when there are none. */
export function highest(workspace, names) {
  return names.map((name) => markOf(workspace, name)).reduce((top, mark) => (top && top.rank >= mark.rank ? top : mark), null);
}

/** A marking as its authority writes it; underscores only stand in names. */
export const written = (name) => name.replace(/_SCI$/, '//SCI').replaceAll('_', ' ');

/** A marking as it is spoken. */
export const spoken = (name) => written(name).replaceAll('//', ', ').replace(/\bNOFORN\b/, 'no foreign nationals');
