import type { Answer } from '../../core/contracts/guard.ts'
import { maxAgeSeconds, toCookieValue } from './binding.ts'
import { writeChallenge } from './headers.ts'
import type { Binding, Challenge } from './note.ts'
import type { Settings } from './options.ts'

/** No other site may frame or read these responses, because they show whether the user is logged in. */
const HEADERS = { 'x-frame-options': 'DENY', 'cross-origin-resource-policy': 'same-origin' } as const

/** A registration or a refresh succeeded: the cookie, a challenge for the next time, and what the binding covers. */
export function bound(settings: Settings, binding: Binding, proof: string, now: number): Answer {
  const { cookie, instructions } = settings
  const [next] = binding.challenges.slice(-1)
  return {
    status: 200,
    reason: 'device-bound',
    message: 'This session is bound to the device.',
    headers: {
      ...HEADERS,
      'content-type': 'application/json',
      'set-cookie': cookie.write(toCookieValue(proof, binding.proof.nonce), maxAgeSeconds(binding, now)),
      ...(next !== undefined && { 'secure-session-challenge': writeChallenge(binding.id, next) }),
    },
    body: JSON.stringify({ session_identifier: binding.id, ...instructions }),
  }
}

/** The only refusal after which a browser tries again at once. */
export function challenged(id: string, challenge: Challenge): Answer {
  return {
    status: 403,
    reason: 'device-challenge',
    message: 'Sign the challenge to prove that you have the key of this session.',
    headers: { ...HEADERS, 'secure-session-challenge': writeChallenge(id, challenge) },
  }
}

/** The browser forgets the binding: the session that it belongs to has ended. */
export function discontinued({ cookie }: Settings, id: string): Answer {
  return {
    status: 200,
    reason: 'device-unbound',
    message: 'The session has ended.',
    headers: { ...HEADERS, 'content-type': 'application/json', 'set-cookie': cookie.clear() },
    body: JSON.stringify({ session_identifier: id, continue: false }),
  }
}

/** The browser forgets the binding: no session of this browser has it. The cookie belongs to the binding that the session has. */
export const FOREIGN: Answer = {
  status: 401,
  reason: 'device-unbound',
  message: 'No session of this browser has this binding.',
  headers: HEADERS,
}

/** The same, if the session has none, or there is no session. */
export function unknown({ cookie }: Settings): Answer {
  return { ...FOREIGN, headers: { ...HEADERS, 'set-cookie': cookie.clear() } }
}

export function refusedRegistration(message: string): Answer {
  return { status: 403, reason: 'device-registration-refused', message, headers: HEADERS }
}

export const ONLY_POST: Answer = {
  status: 405,
  reason: 'method',
  message: 'Browsers send POST requests to this path.',
  headers: { ...HEADERS, allow: 'POST' },
}

/** Browsers keep the binding and the cookies after a 503, and try again later. */
export function later(message: string): Answer {
  return { status: 503, reason: 'device-proof-late', message, headers: { 'retry-after': '5' } }
}

/** The browser drops its invalid cookie, so it renews the binding before it repeats the request. */
export function again({ cookie }: Settings, url: string): Answer {
  return {
    status: 307,
    reason: 'device-proof-old',
    message: 'The browser has to prove itself again.',
    headers: { location: toRelative(url), 'set-cookie': cookie.clear() },
  }
}

/** Relative, because a proxy in front may have removed the beginning of the path. */
function toRelative(url: string): string {
  const [path = ''] = url.split('?', 1)
  return `./${url.slice(path.lastIndexOf('/') + 1)}`
}

const PAGE =
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="robots" content="noindex"><meta http-equiv="refresh" content="0"><title>One moment</title><p>One moment. This page loads again by itself.</p></html>'

/** Browsers renew a binding only for pages of this site. A visitor from another site gets this page, which loads the address again. */
export const RELOAD: Answer = {
  status: 403,
  reason: 'device-proof-missing',
  message: 'Load this page again.',
  headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': "default-src 'none'" },
  body: PAGE,
}

export const UNBOUND: Answer = {
  status: 403,
  reason: 'device-unbound',
  message:
    'This page needs a session that is bound to this device, and this browser has not bound it. Log in again with a browser that can, such as Chrome on Windows.',
}
