// The few calls that are not on the socket.

/** The token against forged requests. It changes with the session, so the cookie is asked first. */
export function csrfToken() {
  const cookie = /(?:^|; )(?:__Host-)?cordon_csrf=([^;]+)/.exec(document.cookie);
  return cookie?.[1] ?? document.querySelector('meta[name="csrf-token"]')?.content ?? '';
}

/** What a call was refused with, from problem+json. */
export class Problem extends Error {
  constructor(status, { code = '', detail = '', title = '', field = '', remedy = '', retry_after: retryAfter } = {}) {
    super(detail || title || `HTTP ${status}`);
    Object.assign(this, { status, code, text: [detail || title, remedy].filter(Boolean).join(' '), field, retryAfter });
  }
}

export async function call(method, path, body) {
  const headers = { Accept: 'application/json', 'X-CSRFToken': csrfToken() };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'same-origin', cache: 'no-store', redirect: 'error' });
  } catch {
    throw new Problem(0, { code: 'offline' });
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, answer ?? {});
  return answer;
}
