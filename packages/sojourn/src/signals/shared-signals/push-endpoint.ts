import { hasType, readText } from '../_http.ts'
import type { SetError, SignalVerdict } from './set.ts'

const MAX_SET_BYTES = 65_536

/** Answers one push delivery (RFC 8935, section 2). */
export async function answerPush(
  request: Request,
  receive: (text: string, authorization: string | null) => Promise<SignalVerdict>,
): Promise<Response> {
  if (request.method !== 'POST') return new Response(null, { status: 405, headers: { allow: 'POST' } })
  if (!hasType(request, 'application/secevent+jwt')) {
    return refusal('invalid_request', 'Send one security event token as application/secevent+jwt.')
  }
  let text: string | null
  try {
    text = await readText(request, MAX_SET_BYTES)
  } catch {
    // It broke off. A transmitter does not send an event again after a 400.
    return later(503, 5)
  }
  if (text === null) return refusal('invalid_request', 'The body is too large.')
  const verdict = await receive(text, request.headers.get('authorization'))
  if (verdict.kind === 'accepted') return new Response(null, { status: 202, headers: NO_STORE })
  if (verdict.kind === 'refused') return refusal(verdict.err, verdict.description)
  return later(verdict.status, verdict.retryAfterSeconds)
}

const NO_STORE = { 'cache-control': 'no-store' }

function later(status: number, retryAfterSeconds: number): Response {
  return new Response(null, { status, headers: { ...NO_STORE, 'retry-after': String(retryAfterSeconds) } })
}

function refusal(err: SetError, description: string): Response {
  return Response.json({ err, description }, { status: 400, headers: { ...NO_STORE, 'content-language': 'en' } })
}
