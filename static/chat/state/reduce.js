// The one reducer. Each part of the state has its handlers; an action that nobody knows is a defect.
import { clientHandlers } from './client.js';
import { messageHandlers } from './messages.js';
import { roomHandlers } from './rooms.js';

const handlers = { ...clientHandlers, ...roomHandlers, ...messageHandlers };

export function reduce(state, action) {
  const handler = handlers[action.type];
  if (!handler) throw new Error(`unknown action ${action.type}`);
  return handler(state, action);
}
