import { SessionError } from '../../core/contracts/errors.ts'
import { createNonce } from '../../core/token/secrets.ts'
import { type Http, MAX_BYTES, readJson, send } from '../_http.ts'
import { isObject, SIGNAL_NAMES, type SubjectId, toUri } from './events.ts'
import { endpointOf, type Trusted } from './trusted.ts'

/** A stream as the transmitter describes it (SSF 1.0, section 8.1.1). */
export interface StreamConfiguration {
  readonly stream_id: string
  readonly iss: string
  readonly aud: string | readonly string[]
  readonly events_supported?: readonly string[]
  readonly events_requested?: readonly string[]
  readonly events_delivered: readonly string[]
  readonly delivery: { readonly method: string; readonly endpoint_url: string }
  readonly description?: string
}

export interface StreamRequest {
  /** Where the transmitter shall push events. Left out: they are polled. */
  readonly push?: string
  /** The `Authorization` header with which it shall push. Also set it as `pushAuthorization`. */
  readonly pushAuthorization?: string
  /** The URIs of the events. Default: all that the transmitter supports. */
  readonly events?: readonly string[]
  readonly description?: string
}

/** Manages the streams of a transmitter. Every method rejects with `ERR_EVENTS` if the transmitter refuses. */
export interface StreamClient {
  create(request: StreamRequest): Promise<StreamConfiguration>
  list(): Promise<readonly StreamConfiguration[]>
  remove(streamId: string): Promise<void>
  status(streamId: string): Promise<string>
  setStatus(streamId: string, status: 'enabled' | 'paused' | 'disabled', reason?: string): Promise<void>
  addSubject(streamId: string, subject: SubjectId): Promise<void>
  removeSubject(streamId: string, subject: SubjectId): Promise<void>
  /** Asks for a verification event. When it arrives, `onSignal` receives `verified`. */
  verify(streamId: string): Promise<void>
}

const TIMEOUT_MS = 10_000
export function createStreamClient(
  from: Trusted,
  http: Http,
  remember: (state: string) => Promise<unknown> = async () => undefined,
): StreamClient {
  async function ask(name: string, method: string, body?: object, streamId?: string): Promise<unknown> {
    const url = await endpointOf(from, name, http)
    if (streamId !== undefined) url.searchParams.set('stream_id', streamId)
    const init = {
      method,
      headers: {
        ...(await from.headers()),
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      timeoutMs: TIMEOUT_MS,
    }
    const { status, value } = await send(http, url, init, async (response) => ({
      status: response.status,
      value: await readJson(response, MAX_BYTES),
    }))
    if (status >= 200 && status < 300) return value
    throw new SessionError('ERR_EVENTS', `The transmitter ${from.issuer} answered ${status} to ${method} ${name}.`)
  }

  return {
    async create({ push, pushAuthorization, events = SIGNAL_NAMES.map(toUri), description }) {
      const delivery =
        push === undefined
          ? { method: 'urn:ietf:rfc:8936' }
          : {
              method: 'urn:ietf:rfc:8935',
              endpoint_url: push,
              ...(pushAuthorization !== undefined && { authorization_header: pushAuthorization }),
            }
      const body = { delivery, events_requested: events, ...(description !== undefined && { description }) }
      return toStream(from, await ask('configuration_endpoint', 'POST', body))
    },
    async list() {
      const found = await ask('configuration_endpoint', 'GET')
      return (Array.isArray(found) ? found : [found]).map((each) => toStream(from, each))
    },
    async remove(streamId) {
      await ask('configuration_endpoint', 'DELETE', undefined, streamId)
    },
    async status(streamId) {
      const found = await ask('status_endpoint', 'GET', undefined, streamId)
      return isObject(found) ? String(found.status) : ''
    },
    async setStatus(streamId, status, reason) {
      await ask('status_endpoint', 'POST', { stream_id: streamId, status, ...(reason !== undefined && { reason }) })
    },
    async addSubject(streamId, subject) {
      await ask('add_subject_endpoint', 'POST', { stream_id: streamId, subject })
    },
    async removeSubject(streamId, subject) {
      await ask('remove_subject_endpoint', 'POST', { stream_id: streamId, subject })
    },
    async verify(streamId) {
      const state = createNonce()
      await remember(state)
      await ask('verification_endpoint', 'POST', { stream_id: streamId, state })
    },
  }
}

function toStream(from: Trusted, value: unknown): StreamConfiguration {
  if (isObject(value) && typeof value.stream_id === 'string' && value.iss === from.issuer && isObject(value.delivery)) {
    return value as object as StreamConfiguration
  }
  throw new SessionError('ERR_EVENTS', `The transmitter ${from.issuer} answered with no stream of its own.`)
}
