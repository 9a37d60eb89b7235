// One WebSocket that comes back by itself: hello first, every request matched with its one answer.
// A lost socket fails what was asked with `offline`; whoever asked decides whether to ask again.
// What is too large for the server is never sent.
import { t } from './i18n.js';

export const SUBPROTOCOL = 'cordon.chat.v1';
export const PERMANENT = new Set([4400, 4401, 4403]);
const TOO_LARGE = 1009;
const LONGEST_ID = `c${Number.MAX_SAFE_INTEGER}`;
const WAITS = [1000, 2000, 4000, 8000, 15_000];
const ANSWER_WITHIN = 10_000;
const SILENCE = 45_000;

/** What a request came to nothing with: the server's error frame, or `offline` and `timeout` of our own. */
export class Refusal extends Error {
  constructor({ code, message = '', field, remedy, decision, retry_after: retryAfter }) {
    super(message || code);
    Object.assign(this, { code, text: message, field, remedy, decision, retryAfter });
  }
}

const tooLarge = () => new Refusal({ code: 'too_large', message: t('error.too_large') });
const encoder = new TextEncoder();

/** How many bytes a request takes on the wire, with the longest id that it may get. */
export const bytesOf = (type, fields) => encoder.encode(JSON.stringify({ t: type, id: LONGEST_ID, ...fields })).length;

/** How long to wait before the next try: growing, spread by chance so that a thousand clients do not come at once. */
export const backoff = (tries, random = Math.random) => WAITS[Math.min(tries, WAITS.length - 1)] * (0.5 + random() / 2);

export function createSocket({ url, hello, most = () => Infinity, onWelcome, onFrame, onLost, onOver, open = (to, protocol) => new WebSocket(to, protocol) }) {
  const waiting = new Map();
  let socket = null;
  let tries = 0;
  let serial = 0;
  let retry = null;
  let heard = 0;
  let stopped = false;

  function fail(code) {
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(new Refusal({ code }));
    }
    waiting.clear();
  }

  /** The server hung up over a frame: it can only have been the largest of those without an answer. */
  function failLargest() {
    const [id, request] = [...waiting].reduce((one, other) => (other[1].bytes > one[1].bytes ? other : one), [null, { bytes: 0 }]);
    if (!id) return;
    waiting.delete(id);
    clearTimeout(request.timer);
    request.reject(tooLarge());
  }

  function answered(frame) {
    const request = waiting.get(frame.id);
    if (!request) return;
    waiting.delete(frame.id);
    clearTimeout(request.timer);
    if (frame.t === 'error') request.reject(new Refusal(frame));
    else request.resolve(frame.t === 'ack' ? frame : frame.data);
  }

  function received(text) {
    heard = Date.now();
    const frame = JSON.parse(text);
    if (frame.t === 'result' || frame.t === 'ack' || frame.t === 'error') answered(frame);
    else onFrame(frame);
  }

  function request(type, fields = {}, within = ANSWER_WITHIN) {
    return new Promise((resolve, reject) => {
      if (socket?.readyState !== WebSocket.OPEN) {
        reject(new Refusal({ code: 'offline' }));
        return;
      }
      const bytes = bytesOf(type, fields);
      if (bytes > most()) {
        reject(tooLarge());
        return;
      }
      serial += 1;
      const id = `c${serial}`;
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new Refusal({ code: 'timeout' }));
      }, within);
      waiting.set(id, { resolve, reject, timer, bytes });
      socket.send(JSON.stringify({ t: type, id, ...fields }));
    });
  }

  function lost(code) {
    const held = socket;
    socket = null;
    if (held) held.onopen = held.onmessage = held.onclose = null;
    if (code === TOO_LARGE) failLargest();
    fail('offline');
    if (stopped) return;
    if (PERMANENT.has(code)) {
      stopped = true;
      onOver(code);
      return;
    }
    const wait = backoff(tries);
    tries += 1;
    retry = setTimeout(connect, wait);
    onLost(Date.now() + wait);
  }

  function connect() {
    clearTimeout(retry);
    if (stopped || socket) return;
    socket = open(url, SUBPROTOCOL);
    heard = Date.now();
    socket.onmessage = (event) => received(event.data);
    socket.onclose = (event) => lost(event.code);
    socket.onopen = async () => {
      try {
        const welcome = await request('hello', hello());
        tries = 0;
        onWelcome(welcome);
      } catch (refusal) {
        if (refusal.code === 'not_signed_in') lost(4401);
        else socket?.close();
      }
    };
  }

  /** A connection that says nothing for long is asked, and given up when it does not answer. */
  const watch = setInterval(() => {
    if (socket?.readyState !== WebSocket.OPEN || Date.now() - heard < SILENCE) return;
    request('ping').catch(() => {
      socket?.close();
      lost(1006);
    });
  }, 15_000);

  return {
    connect,
    request,
    retryNow() {
      tries = 0;
      connect();
    },
    send: (type, fields) => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify({ t: type, ...fields })),
    stop() {
      stopped = true;
      clearTimeout(retry);
      clearInterval(watch);
      socket?.close(1000);
      fail('offline');
    },
  };
}
