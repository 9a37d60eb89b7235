// The connection, the person, where they are, and what they are writing.

const put = (map, key, value) => ({ ...map, [key]: value });

function welcomed(state, { welcome, at }) {
  const open = welcome.rooms.filter((room) => room.access.state !== 'ended');
  const rooms = Object.fromEntries(open.map((room) => [room.id, { ...room, cover: coverOf(room, state.rooms[room.id]) }]));
  const people = Object.fromEntries(welcome.people.map((person) => [person.id, person]));
  const { powers, settings, ...self } = welcome.me;
  return {
    ...state, phase: 'ready', connection: { up: true, since: at, lastSync: at, nextTry: null },
    me: { ...self, powers }, workspace: welcome.workspace, session: welcome.session, limits: welcome.limits ?? state.limits,
    leaseSeconds: welcome.lease_seconds ?? state.leaseSeconds, people: { ...state.people, ...people, [self.id]: self }, rooms,
    prefs: { ...state.prefs, ...chosen(settings) },
  };
}

const coverOf = (room, known) => (room.access.state === 'permitted' ? null : (known?.cover ?? { state: room.access.state, reason: room.access.reason ?? null, since: null }));
const chosen = (settings) => Object.fromEntries(Object.entries({ theme: settings?.theme, contrast: settings?.contrast, density: settings?.density, enterSends: settings?.enter_sends }).filter(([, value]) => value !== undefined && value !== null));

export const clientHandlers = {
  welcome: welcomed,
  'connection.lost': (state, { at, nextTry }) => ({ ...state, phase: state.phase === 'ready' ? 'reconnecting' : state.phase, connection: { ...state.connection, up: false, since: state.connection.up ? at : state.connection.since, nextTry } }),
  'connection.synced': (state, { at }) => ({ ...state, connection: { ...state.connection, lastSync: at } }),
  'session.over': (state) => ({ ...state, phase: 'over' }),
  'session.stepped_up': (state, { until }) => ({ ...state, session: { ...state.session, step_up_until: until } }),
  powers: (state, { powers, rooms = {} }) => ({
    ...state, me: { ...state.me, powers },
    rooms: Object.fromEntries(Object.entries(state.rooms).map(([id, room]) => [id, rooms[id] ? { ...room, ...rooms[id] } : room])),
  }),
  route: (state, { route }) => {
    const left = state.route.room && state.route.room !== route.room ? state.route.room : null;
    const ended = left && state.ended[left] ? Object.fromEntries(Object.entries(state.ended).filter(([id]) => id !== left)) : state.ended;
    return { ...state, route, ended };
  },
  overlay: (state, { overlay }) => ({ ...state, overlay }),
  notice: (state, { notice }) => ({ ...state, notice }),
  prefs: (state, { prefs }) => ({ ...state, prefs: { ...state.prefs, ...prefs } }),
  draft: (state, { place, draft }) => {
    const { [place]: old, ...others } = state.drafts;
    return { ...state, drafts: draft ? put(others, place, draft) : others };
  },
  editing: (state, { place, message }) => {
    const { [place]: old, ...others } = state.editing;
    return { ...state, editing: message ? put(others, place, message) : others };
  },
  'outbox.put': (state, { item }) => {
    const known = state.outbox.some((other) => other.clientId === item.clientId);
    return { ...state, outbox: known ? state.outbox.map((other) => (other.clientId === item.clientId ? { ...other, ...item } : other)) : [...state.outbox, item] };
  },
  'outbox.drop': (state, { clientId }) => ({ ...state, outbox: state.outbox.filter((item) => item.clientId !== clientId) }),
};
