// One state, changed only by reducers; whoever is interested is told after each change.

export function createStore(reduce, initial) {
  const listeners = new Set();
  const store = {
    state: initial,
    dispatch(action) {
      const next = reduce(store.state, action);
      if (next === store.state) return;
      store.state = next;
      for (const listener of [...listeners]) listener(next);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return store;
}
