// Members of rooms and people of the workspace.
export function peopleActions(client) {
  const { store, request } = client;

  async function members(room, more = false) {
    const answer = await request('members.list', { room }).catch(() => null);
    if (!answer || !store.state.rooms[room]) return;
    store.dispatch({ type: 'members.known', room, members: answer.members, after: answer.after, more });
  }

  const changing = (type) => async (room, user, fields = {}) => {
    const answer = await request(type, { room, user, ...fields });
    await members(room);
    return answer;
  };

  return {
    members,
    add: changing('member.add'),
    remove: changing('member.remove'),
    setRole: changing('member.role'),
    /** People by name; with a room, each also with whether they can read it. */
    async find(text, room) {
      const { people } = await request('people.find', room ? { text, room } : { text });
      const plain = people.map(({ can_read: _, ...person }) => person);
      store.dispatch({ type: 'people.known', people: plain });
      return people;
    },
  };
}
