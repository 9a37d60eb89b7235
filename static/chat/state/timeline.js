// The messages of one room or thread that are loaded, oldest first: pure functions over one immutable value.
// Pages lie side by side without a hole. What is far from the reader is dropped again, so that memory stays flat.

export const KEEP = 1500;
export const EMPTY = Object.freeze({
  status: 'idle', order: [], messages: {}, edges: [], moreBefore: false, moreAfter: false, unread: 0, firstUnread: null, error: null, epoch: 0,
});

const edgeOf = (page) => ({ first: page.messages[0].id, last: page.messages.at(-1).id, before: page.before, after: page.after });
const byId = (messages) => Object.fromEntries(messages.map((message) => [message.id, message]));

/** Starts again from one page; `unread` is how many the server counts as unread. */
export function replaced(timeline, page) {
  return {
    ...EMPTY, status: 'ready', order: page.messages.map((message) => message.id), messages: byId(page.messages),
    edges: page.messages.length ? [edgeOf(page)] : [], moreBefore: Boolean(page.more_before), moreAfter: Boolean(page.more_after),
    unread: page.unread, firstUnread: page.first_unread ?? null, epoch: timeline.epoch + 1,
  };
}

/** Puts an older page in front. */
export function prepended(timeline, page) {
  const fresh = page.messages.filter((message) => !timeline.messages[message.id]);
  const joined = {
    ...timeline, order: [...fresh.map((message) => message.id), ...timeline.order], messages: { ...timeline.messages, ...byId(page.messages) },
    edges: fresh.length ? [edgeOf({ ...page, messages: fresh }), ...timeline.edges] : timeline.edges, moreBefore: Boolean(page.more_before) && fresh.length > 0,
  };
  return shortened(joined, 'end');
}

/** Puts a newer page behind. */
export function appended(timeline, page) {
  const fresh = page.messages.filter((message) => !timeline.messages[message.id]);
  const joined = {
    ...timeline, order: [...timeline.order, ...fresh.map((message) => message.id)], messages: { ...timeline.messages, ...byId(page.messages) },
    edges: fresh.length ? [...timeline.edges, edgeOf({ ...page, messages: fresh })] : timeline.edges,
    moreAfter: Boolean(page.more_after) && fresh.length > 0,
  };
  return shortened(joined, 'start');
}

/** Drops whole pages from one end while there is more than is kept; they can be fetched again by the cursor of the edge. */
function shortened(timeline, end) {
  let { order, edges } = timeline;
  let dropped = false;
  while (order.length > KEEP && edges.length > 1) {
    const edge = edges.at(end === 'end' ? -1 : 0);
    const [from, to] = end === 'end' ? [order.indexOf(edge.first), order.length] : [0, order.indexOf(edge.last) + 1];
    order = order.filter((_, n) => n < from || n >= to);
    edges = end === 'end' ? edges.slice(0, -1) : edges.slice(1);
    dropped = true;
  }
  if (!dropped) return timeline;
  const messages = Object.fromEntries(order.map((id) => [id, timeline.messages[id]]));
  return { ...timeline, order, edges, messages, ...(end === 'end' ? { moreAfter: true } : { moreBefore: true }) };
}

/** A new message at the end. While newer ones are not loaded it is only counted. */
export function added(timeline, message, counts = true) {
  if (timeline.messages[message.id]) return changed(timeline, message);
  if (timeline.moreAfter) return counts ? { ...timeline, unread: timeline.unread + 1 } : timeline;
  return { ...timeline, order: [...timeline.order, message.id], messages: { ...timeline.messages, [message.id]: message } };
}

/** The present form of a message that is loaded; of another one nothing is kept. */
export function changed(timeline, message) {
  if (!timeline.messages[message.id]) return timeline;
  return { ...timeline, messages: { ...timeline.messages, [message.id]: { ...timeline.messages[message.id], ...message } } };
}

/** What was missed: known messages take their present form, newer ones follow, older ones are left out. */
export function caughtUp(timeline, messages) {
  const last = timeline.messages[timeline.order.at(-1)];
  return messages.reduce((now, message) => {
    if (now.messages[message.id]) return changed(now, message);
    return last && message.at < last.at ? now : added(now, message);
  }, timeline);
}

export const beforeCursor = (timeline) => timeline.edges[0]?.before ?? null;
export const afterCursor = (timeline) => timeline.edges.at(-1)?.after ?? null;
