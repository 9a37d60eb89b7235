// Nothing is lost: an event whose `prev` is not our last cursor of that room means that something lies between.
// While the gap is being filled, later events of the room are not applied; what they bring is asked for again.

export function createGaps({ store, request, reload }) {
  const filling = new Map();

  function apply(room, changes) {
    store.dispatch({ type: 'people.known', people: changes.people ?? [] });
    store.dispatch({ type: 'messages.missed', room, messages: changes.messages });
  }

  async function fill(room, after) {
    filling.set(room, null);
    let cursor = after;
    try {
      const changes = await request('room.changes', { room, after });
      if (!store.state.rooms[room]) return;
      if (changes.resync) await reload(room);
      else apply(room, changes);
      cursor = changes.cursor ?? cursor;
      store.dispatch({ type: 'room.patched', room, patch: { cursor } });
    } catch {
      filling.delete(room);
      return;
    }
    const later = filling.get(room);
    filling.delete(room);
    if (later && later !== cursor && store.state.rooms[room]) await fill(room, cursor);
  }

  const loaded = (room) => store.state.timelines[room]?.status === 'ready';

  return {
    /** Whether this event may be applied now. */
    admits({ room, cursor, prev }) {
      const known = store.state.rooms[room];
      if (!known) return false;
      if (filling.has(room)) {
        filling.set(room, cursor);
        return false;
      }
      if (known.cursor === cursor) return false;
      if (known.cursor && prev !== known.cursor && loaded(room)) {
        fill(room, known.cursor).catch(() => {});
        return false;
      }
      store.dispatch({ type: 'room.patched', room, patch: { cursor } });
      return true;
    },
    /** The server's own heads: whoever is behind catches up. */
    compare(heads) {
      for (const [room, cursor] of Object.entries(heads)) {
        const known = store.state.rooms[room];
        if (known?.cursor && known.cursor !== cursor && loaded(room) && !filling.has(room)) fill(room, known.cursor).catch(() => {});
      }
    },
    /** What the server answered to a resume. */
    async resumed(answers) {
      for (const [room, changes] of Object.entries(answers ?? {})) {
        if (!store.state.rooms[room]) continue;
        if (changes.resync) await reload(room);
        else {
          apply(room, changes);
          if (changes.cursor) store.dispatch({ type: 'room.patched', room, patch: { cursor: changes.cursor } });
        }
      }
    },
  };
}
