/** The client before it knows anything. */
export function initialState(prefs) {
  return {
    phase: 'connecting',
    connection: { up: false, since: null, lastSync: null, nextTry: null },
    me: null, workspace: null, session: null, limits: { body_chars: 16_000, frame_bytes: Infinity }, leaseSeconds: 60,
    people: {}, rooms: {}, ended: {},
    timelines: {}, threads: {}, threadList: null, roomThreads: {}, confirmed: {},
    members: {}, access: {}, audience: {}, typing: {}, drafts: {}, editing: {},
    outbox: [], notes: [],
    route: { view: 'home', room: null, panel: null },
    overlay: null, notice: null, prefs,
  };
}
