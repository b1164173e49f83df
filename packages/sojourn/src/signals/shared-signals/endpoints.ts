import { createNonce } from '../../core/token/secrets.ts'
import { toUrl } from '../../events/webhooks/url.ts'
import { type Http, readJson } from '../_http.ts'
import type { SignalProblem } from './delivery.ts'
import { isObject, isSubject } from './events.ts'
import { POLL, PUSH, type Stream, type StreamStatus, type StreamStore, type Waiting } from './stream-store.ts'

/** A receiver that this transmitter serves. */
export interface Receiver {
  readonly id: string
  readonly audience: string
  readonly pushOrigins: readonly string[]
}

export interface EndpointParts {
  readonly issuer: string
  /** The URL below which the endpoints are. */
  readonly base: string
  readonly supported: readonly string[]
  readonly http: Http
  readonly streams: StreamStore
  readonly verifyEveryMs: number
  readonly longPollMs: number
  /** The polls that each receiver holds open, oldest first. */
  readonly held: Map<string, readonly object[]>
  readonly sign: (stream: Stream, event: Waiting) => Promise<string>
  readonly verify: (stream: Stream, state: string | null) => Promise<void>
  /** `null` for a subject with too many levels. */
  readonly subjectKey: (subject: unknown) => string | null
  /** Resolves when something may wait for a stream, or after this time. */
  readonly news: (ms: number) => Promise<void>
  readonly onProblem: (problem: SignalProblem) => void
}

type Handler = (parts: EndpointParts, receiver: Receiver, request: Request, body: Body) => Promise<Response>
type Body = Readonly<Record<string, unknown>>

const MAX_BODY = 65_536
const STATUSES: readonly unknown[] = ['enabled', 'paused', 'disabled']

export function reply(status: number, value?: unknown): Response {
  const headers = { 'cache-control': 'no-store' }
  return value === undefined ? new Response(null, { status, headers }) : Response.json(value, { status, headers })
}

function shown({ issuer, base, supported, verifyEveryMs }: EndpointParts, receiver: Receiver, stream: Stream): object {
  return {
    stream_id: stream.id,
    iss: issuer,
    aud: receiver.audience,
    events_supported: supported,
    events_requested: stream.requested,
    events_delivered: deliveredOf(supported, stream),
    delivery: { method: stream.method, endpoint_url: stream.method === POLL ? `${base}/poll` : stream.url },
    min_verification_interval: Math.ceil(verifyEveryMs / 1000),
    ...(stream.description !== null && { description: stream.description }),
  }
}

export function deliveredOf(supported: readonly string[], { requested }: Stream): readonly string[] {
  return supported.filter((uri) => requested.includes(uri))
}

type Delivery = Pick<Stream, 'method' | 'url' | 'authorization'>

/** `null` if the receiver may not have this delivery. It must not choose where in our network requests go. */
function toDelivery(value: unknown, { pushOrigins }: Receiver, { http }: EndpointParts): Delivery | null {
  if (value === undefined) return { method: POLL, url: '', authorization: null }
  if (!isObject(value)) return null
  if (value.method === POLL) return { method: POLL, url: '', authorization: null }
  const url = value.method === PUSH ? toUrl(value.endpoint_url, http.insecureHttp) : null
  if (url === null || !pushOrigins.includes(url.origin)) return null
  const { authorization_header: header = null } = value
  return header === null || (typeof header === 'string' && /^[\x20-\x7e]{1,4096}$/.test(header))
    ? { method: PUSH, url: url.href, authorization: header }
    : null
}

function toEvents(value: unknown): readonly string[] | null {
  const isList = Array.isArray(value) && value.length <= 100 && value.every((each) => typeof each === 'string')
  return isList ? value.map((each: string) => each.slice(0, 300)) : null
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, 1000) : null
}

async function create(parts: EndpointParts, receiver: Receiver, _: Request, body: Body): Promise<Response> {
  const delivery = toDelivery(body.delivery, receiver, parts)
  const requested = body.events_requested === undefined ? parts.supported : toEvents(body.events_requested)
  if (delivery === null || requested === null) return reply(400)
  const stream: Stream = {
    id: createNonce(),
    receiver: receiver.id,
    ...delivery,
    requested,
    description: toText(body.description),
    status: 'enabled',
    reason: null,
    verifiedAt: 0,
  }
  const added = await parts.streams.add(stream)
  return added === null ? reply(409) : reply(201, shown(parts, receiver, added))
}

async function read(parts: EndpointParts, receiver: Receiver, request: Request): Promise<Response> {
  const stream = await parts.streams.of(receiver.id)
  const id = new URL(request.url).searchParams.get('stream_id')
  if (id === null) return reply(200, stream === null ? [] : [shown(parts, receiver, stream)])
  return stream?.id === id ? reply(200, shown(parts, receiver, stream)) : reply(404)
}

/** `PATCH` keeps what is left out, `PUT` takes the default for it. */
async function update(parts: EndpointParts, receiver: Receiver, request: Request, body: Body): Promise<Response> {
  const stream = await parts.streams.of(receiver.id)
  if (stream === null || stream.id !== body.stream_id) return reply(404)
  const isWhole = request.method === 'PUT'
  const delivery = body.delivery === undefined && !isWhole ? {} : toDelivery(body.delivery, receiver, parts)
  const events = body.events_requested
  const requested = events === undefined ? (isWhole ? parts.supported : stream.requested) : toEvents(events)
  if (delivery === null || requested === null) return reply(400)
  const description = body.description === undefined && !isWhole ? stream.description : toText(body.description)
  const next = await parts.streams.change(receiver.id, (now) => ({ ...now, ...delivery, requested, description }))
  return next === null ? reply(404) : reply(200, shown(parts, receiver, next))
}

async function remove(parts: EndpointParts, receiver: Receiver, request: Request): Promise<Response> {
  const stream = await parts.streams.of(receiver.id)
  if (stream === null || new URL(request.url).searchParams.get('stream_id') !== stream.id) return reply(404)
  await parts.streams.remove(stream)
  return reply(204)
}

function toStatus({ id, status, reason }: Stream): object {
  return { stream_id: id, status, ...(reason !== null && { reason }) }
}

async function readStatus(parts: EndpointParts, receiver: Receiver, request: Request): Promise<Response> {
  const stream = await parts.streams.of(receiver.id)
  const id = new URL(request.url).searchParams.get('stream_id')
  return stream !== null && id === stream.id ? reply(200, toStatus(stream)) : reply(404)
}

async function setStatus(parts: EndpointParts, receiver: Receiver, _: Request, body: Body): Promise<Response> {
  const { status, stream_id, reason } = body
  if (!STATUSES.includes(status)) return reply(400)
  const found = await parts.streams.of(receiver.id)
  if (found === null || found.id !== stream_id) return reply(404)
  const next = await parts.streams.change(receiver.id, (now) => ({
    ...now,
    status: status as StreamStatus,
    reason: toText(reason),
  }))
  if (next === null) return reply(404)
  // A disabled stream keeps nothing (SSF 1.0, section 8.1.2).
  if (status === 'disabled')
    await parts.streams.done(
      next,
      (await parts.streams.waiting(next)).map(({ jti }) => jti),
    )
  return reply(200, toStatus(next))
}

function setSubject(wanted: boolean): Handler {
  return async (parts, receiver, _, body) => {
    const stream = await parts.streams.of(receiver.id)
    if (!isSubject(body.subject)) return reply(400)
    if (stream === null || stream.id !== body.stream_id) return reply(404)
    const box = parts.streams.subjects(stream)
    const key = parts.subjectKey(body.subject)
    if (key === null) return reply(400)
    if (wanted) await box.remove([key])
    else if (Object.keys(await box.read()).length >= MAX_REMOVED) return reply(429)
    else await box.put(key, '1')
    return reply(wanted ? 200 : 204)
  }
}

/** One receiver must not fill the store. */
const MAX_REMOVED = 1000

async function verification(parts: EndpointParts, receiver: Receiver, _: Request, body: Body): Promise<Response> {
  const { stream_id, state = null } = body
  if (state !== null && (typeof state !== 'string' || state.length > 1000)) return reply(400)
  const now = parts.http.timing.wall()
  const found = await parts.streams.of(receiver.id)
  if (found === null || found.id !== stream_id) return reply(404)
  let isEarly = false
  // Inside the change, so that one of several that come at once counts.
  await parts.streams.change(receiver.id, (stream) => {
    isEarly = Math.abs(now - stream.verifiedAt) < parts.verifyEveryMs
    return isEarly ? stream : { ...stream, verifiedAt: now }
  })
  if (isEarly) return reply(429)
  await parts.verify(found, state)
  return reply(204)
}

async function poll(parts: EndpointParts, receiver: Receiver, request: Request, body: Body): Promise<Response> {
  const stream = await parts.streams.of(receiver.id)
  if (stream === null || stream.method !== POLL) return reply(404)
  const { ack = [], setErrs = {}, maxEvents = 100, returnImmediately = false } = body
  if (!Array.isArray(ack) || !isObject(setErrs) || !Number.isInteger(maxEvents) || Number(maxEvents) < 0) {
    return reply(400)
  }
  const own = new Set((await parts.streams.waiting(stream)).map(({ jti }) => jti))
  const refused = Object.entries(setErrs).filter(([jti]) => own.has(jti))
  await parts.streams.done(
    stream,
    [...ack, ...refused.map(([jti]) => jti)].filter((jti) => own.has(jti)),
  )
  for (const [jti, error] of refused) {
    const reason = isObject(error) ? (toText(error.err)?.slice(0, 100) ?? null) : null
    parts.onProblem({ kind: 'refused', receiver: receiver.id, jti, reason })
  }
  if (maxEvents === 0) return reply(200, { sets: {} })
  const isHeld = returnImmediately === true ? () => false : hold(parts, receiver)
  const isOver = (): boolean => request.signal.aborted || !isHeld()
  return reply(200, await collect(parts, receiver, Math.min(Number(maxEvents), 100), isOver))
}

/** One receiver must not hold more requests open than its processes need. */
const MAX_HELD = 4

/** Returns whether this poll still is one of the latest of the receiver. */
function hold({ held }: EndpointParts, { id }: Receiver): () => boolean {
  const poll = {}
  held.set(id, [...(held.get(id) ?? []), poll].slice(-MAX_HELD))
  return () => held.get(id)?.includes(poll) === true
}

async function collect(parts: EndpointParts, { id }: Receiver, most: number, isOver: () => boolean): Promise<object> {
  const { uptime } = parts.http.timing
  for (const startedAt = uptime(); ; await parts.news(LOOK_MS)) {
    const stream = await parts.streams.of(id)
    const waiting = stream?.status === 'enabled' ? await parts.streams.waiting(stream) : []
    // The time is 0 once this process stops.
    const isLate = uptime() - startedAt >= parts.longPollMs
    if (stream === null || waiting.length > 0 || isLate || isOver()) {
      const signed = waiting.slice(0, most).map(async (event) => {
        return [event.jti, stream === null ? '' : await parts.sign(stream, event)] as const
      })
      const sets = Object.fromEntries(await Promise.all(signed))
      return { sets, ...(waiting.length > most && { moreAvailable: true }) }
    }
  }
}

/** How often a request that is held open looks for events of other processes. */
const LOOK_MS = 500

const HANDLERS: Readonly<Record<string, Handler>> = {
  'POST /streams': create,
  'GET /streams': read,
  'PATCH /streams': update,
  'PUT /streams': update,
  'DELETE /streams': remove,
  'GET /status': readStatus,
  'POST /status': setStatus,
  'POST /subjects/add': setSubject(true),
  'POST /subjects/remove': setSubject(false),
  'POST /verify': verification,
  'POST /poll': poll,
}

/** Answers a request of a receiver. `path` is below the base. */
export async function answer(
  parts: EndpointParts,
  receiver: Receiver,
  path: string,
  request: Request,
): Promise<Response> {
  const handler = HANDLERS[`${request.method} ${path}`]
  if (handler === undefined) {
    const isPath = Object.keys(HANDLERS).some((each) => each.endsWith(` ${path}`))
    return reply(isPath ? 405 : 404)
  }
  const hasBody = ['POST', 'PATCH', 'PUT'].includes(request.method)
  let body: unknown = {}
  try {
    if (hasBody) body = await readJson(request, MAX_BODY)
  } catch {
    // It broke off.
    return reply(503)
  }
  return isObject(body) ? handler(parts, receiver, request, body) : reply(400)
}
