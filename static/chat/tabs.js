// The tabs of one browser tell each other what must vanish everywhere at once.

export function createTabs({ who, onLeft, onOver }) {
  const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('cordon') : null;
  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data?.who !== who()) return;
      if (data.type === 'left') onLeft(data);
      if (data.type === 'over') onOver();
    };
  }
  return {
    left: (news) => channel?.postMessage({ ...news, type: 'left', who: who() }),
    over: () => channel?.postMessage({ type: 'over', who: who() }),
  };
}
