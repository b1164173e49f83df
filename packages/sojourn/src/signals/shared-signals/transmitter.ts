import { assertSessions } from '../../core/contracts/assert-sessions.ts'
import type { SessionListener } from '../../core/contracts/events.ts'
import type { Store } from '../../core/contracts/store.ts'
import { toUtf8 } from '../../core/lib/bytes.ts'
import { createNonce } from '../../core/token/secrets.ts'
import { hashSecret } from '../../core/token/token.ts'
import { createLanes } from '../../events/webhooks/lanes.ts'
import { within } from '../../stores/around/wrapper.ts'
import { createDelivery } from './delivery.ts'
import { deliveredOf, type EndpointParts, reply } from './endpoints.ts'
import { type SubjectId, toUri, VERIFICATION } from './events.ts'
import { type CredentialChange, type EventClaims, toCredentialChange, toRevoked } from './events-out.ts'
import { type Ending, outboxOf } from './outbox-store.ts'
import { createRecovery } from './recovery.ts'
import { route } from './routes.ts'
import { createSigner } from './signing.ts'
import { createStreamStore, PUSH, type Stream, type Waiting } from './stream-store.ts'
import { type Known, type SharedSignalsTransmitterOptions, toSettings } from './transmitter-options.ts'

/** The result of `sharedSignalsTransmitter`. */
export interface SharedSignalsTransmitter {
  /** All endpoints, as a fetch handler. Mount it on `/.well-known/ssf-configuration` and on `path`. */
  handler(request: Request): Promise<Response>
  /** Tells that a credential changed. Resolves when that is stored. `passwordChanged` and `factorChanged` of `sessions` tell it by themselves. */
  credentialChanged(userId: string, change: CredentialChange): Promise<void>
  /** Sends what a crash left and what is due, at once. Runs by itself too. */
  flush(): Promise<void>
  /** Stops, within 20 seconds. What waits is sent by the next process. Call it before `sessions.close()`. */
  close(): Promise<void>
}

interface TransmitterSessions {
  readonly store: Store
  on(name: 'account', listener: SessionListener<'account'>): () => void
}

const REVOKED = toUri('session-revoked')
const CREDENTIAL = toUri('credential-change')
const SUPPORTED: readonly string[] = [REVOKED, CREDENTIAL]
const VERIFY_EVERY_MS = 5000
const LONG_POLL_MS = 25_000
const SUBJECT_MS = 15_000
/** Longer than a push or `subjectOf` may take. */
const CLOSE_MS = 20_000

/**
 * Tells other applications when sessions end here: a transmitter for the OpenID Shared Signals Framework 1.0 with events of CAEP 1.0
 * (`session-revoked`, `credential-change`). It needs `outboxStore`, and the package `jose`.
 *
 * At least once, also after a crash: streams and events are in your store. Any process can deliver them.
 *
 * ```ts
 * const sessions = createSessions({ store: outboxStore(memoryStore()) })
 * const transmitter = sharedSignalsTransmitter(sessions, {
 *   issuer: 'https://idp.example',
 *   keys: [privateJwk],
 *   receivers: [{ id: 'shop', audience: 'https://shop.example', token: process.env.SHOP_TOKEN ?? '' }],
 * })
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function sharedSignalsTransmitter(
  sessions: TransmitterSessions,
  options: SharedSignalsTransmitterOptions,
): SharedSignalsTransmitter {
  assertSessions(sessions, 'sharedSignalsTransmitter')
  const settings = toSettings(options)
  const { issuer, timing, receivers, isSent, onProblem } = settings
  const outbox = outboxOf(sessions.store)
  const signer = createSigner(options.keys)
  const streams = createStreamStore(outbox.inner, issuer, timing.wall)
  const delivery = createDelivery({ ...settings, streams, sign, isServed, isOver: () => isLate })
  const recovery = createRecovery({ ...settings, outbox, tellEnd, tellAccount, isOver: () => isLate })
  const looking = createLanes(1)
  /** By stream: the look that is planned. */
  const looks = new Map<string, Promise<void>>()
  const waiters = new Set<() => void>()
  const running = new Set<Promise<unknown>>()
  let isClosed = false
  /** `close` has waited long enough. */
  let isLate = false
  let lastAt = 0
  let stopTick = (): void => {}

  /** A stream stays stored when the options no longer have its receiver, or the origin that it pushes to. */
  function isServed({ receiver, method, url }: Stream): boolean {
    const known = receivers.get(receiver)
    return known !== undefined && (method !== PUSH || known.pushOrigins.includes(new URL(url).origin))
  }

  async function sign(stream: Stream, { jti, claims, at }: Waiting): Promise<string> {
    const aud = receivers.get(stream.receiver)?.audience
    // Receivers refuse a time in the future. The clock may have been ahead.
    const iat = Math.floor(Math.min(at, timing.wall()) / 1000)
    return signer.sign({ iss: issuer, aud, iat, jti, ...claims })
  }

  /** Stores an event for a stream, and pushes it. With the same `cause`, the event has the same id, and receivers count it once. */
  async function put(stream: Stream, cause: string, claims: EventClaims, told = new Set<string>()): Promise<void> {
    const now = timing.wall()
    // Never the same time twice, because the oldest go first if there are too many. The clock may be set back.
    lastAt = now > lastAt || now < lastAt - 1000 ? now : lastAt + 0.001
    const jti = hashSecret(toUtf8(`${stream.id} ${cause}`))
    if (told.has(jti)) return
    const event = { jti, claims, at: lastAt, attempts: 0, dueAt: 0 }
    await streams.put(stream, event)
    told.add(jti)
    for (const wake of [...waiters]) wake()
    if (stream.method === PUSH && stream.status === 'enabled') track(delivery.push(stream, event))
    await limit(stream)
  }

  /** Reads all that waits, so events that are stored at the same time share one look. */
  function limit(stream: Stream): Promise<void> {
    const planned = looks.get(stream.id)
    if (planned !== undefined) return planned
    const look = Promise.resolve().then(() =>
      looking(() => {
        looks.delete(stream.id)
        return dropOldest(stream)
      }),
    )
    looks.set(stream.id, look)
    return look
  }

  async function dropOldest(stream: Stream): Promise<void> {
    const waiting = await streams.waiting(stream)
    const over = waiting.slice(0, Math.max(0, waiting.length - settings.maxWaiting))
    await streams.done(
      stream,
      over.map(({ jti }) => jti),
    )
    for (const { jti } of over) onProblem({ kind: 'full', receiver: stream.receiver, jti, reason: null })
  }

  /** Stores an event for every stream that wants it. */
  async function publish(
    uri: string,
    userId: string,
    cause: string,
    told: Set<string>,
    toClaims: (user: SubjectId, receiver: Known) => EventClaims | null,
  ): Promise<void> {
    await each(await streams.all(), async (stream) => {
      const receiver = receivers.get(stream.receiver)
      if (receiver === undefined || !isServed(stream)) return
      if (stream.status === 'disabled' || !deliveredOf(SUPPORTED, stream).includes(uri)) return
      const subject = await within(SUBJECT_MS, timing, 'subjectOf', settings.subjectOf(userId, receiver.id))
      if (subject === null) return
      const key = toSubjectKey(subject)
      if (key !== null && (await streams.subjects(stream).read())[key] !== undefined) return
      const claims = toClaims(subject, receiver)
      if (claims !== null) await put(stream, cause, claims, told)
    })
  }

  async function tellEnd(key: string | null, ending: Ending, told: Set<string>): Promise<void> {
    if (isSent(ending.reason)) {
      await publish(REVOKED, ending.userId, key ?? createNonce(), told, (user, { revokes }) =>
        // The user is still here, in the session that replaced this one.
        revokes === 'user' && ending.reason === 'login' ? null : toRevoked(ending, user, revokes),
      )
    }
    // Last: if the process stops before, the next one does all of it again.
    if (key !== null) await outbox.endings.remove([key])
  }

  async function tellCredential(
    userId: string,
    change: CredentialChange,
    cause: string,
    at: number = timing.wall(),
    told = new Set<string>(),
  ): Promise<void> {
    await publish(CREDENTIAL, userId, cause, told, (user) => toCredentialChange(change, at, user))
  }

  function credentialOf(change: string): CredentialChange | null {
    if (change === 'password-changed') return { type: 'password', change: 'update' }
    return change === 'factor-changed' ? { type: settings.factorType, change: 'update' } : null
  }

  async function tellAccount({ userId, reason, at }: Ending, cause: string, told: Set<string>): Promise<void> {
    const credential = credentialOf(reason)
    if (credential !== null) await tellCredential(userId, credential, cause, at, told)
  }

  function track(work: Promise<unknown>): void {
    const done = work.catch((error: unknown) => settings.onFault(error)).finally(() => running.delete(done))
    running.add(done)
  }

  /** Telling begins pushes. */
  async function settled(): Promise<void> {
    while (running.size > 0) await Promise.allSettled([...running])
  }

  async function flush(): Promise<void> {
    await Promise.all([recovery.recover(), delivery.tryDue()])
  }

  function tick(): void {
    track(flush())
    stopTick = timing.after(settings.intervalMs, tick, 'background')
  }

  /** Resolves after this time, or earlier if this process stored an event. */
  function news(ms: number): Promise<void> {
    if (isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        waiters.delete(wake)
        cancel()
        resolve()
      }
      const cancel = timing.after(ms, wake)
      waiters.add(wake)
    })
  }

  const parts: EndpointParts = {
    ...settings,
    supported: SUPPORTED,
    streams,
    verifyEveryMs: VERIFY_EVERY_MS,
    held: new Map(),
    get longPollMs() {
      return isClosed ? 0 : LONG_POLL_MS
    },
    sign,
    subjectKey: toSubjectKey,
    news,
    verify: (stream, state) =>
      put(stream, createNonce(), {
        sub_id: { format: 'opaque', id: stream.id },
        events: { [VERIFICATION]: state === null ? {} : { state } },
      }),
  }

  const listen = (key: string | null, ending: Ending): void => track(recovery.tell(key, ending))
  outbox.listener = listen
  const stopListening = sessions.on('account', ({ userId, change }) => {
    const credential = credentialOf(change)
    const cause = outbox.causes.take(userId, change) ?? createNonce()
    if (credential !== null) track(tellCredential(userId, credential, cause))
  })
  tick()

  return {
    async handler(request) {
      try {
        return await route(parts, settings, signer, request)
      } catch (error) {
        settings.onFault(error)
        return reply(503)
      }
    },
    credentialChanged: (userId, change) => tellCredential(userId, change, createNonce()),
    flush,
    async close() {
      isClosed = true
      stopListening()
      stopTick()
      outbox.listener = null
      for (const wake of [...waiters]) wake()
      // What the application never answers is told by the next process.
      let cancel = (): void => {}
      const late = new Promise<void>((resolve) => {
        cancel = timing.after(CLOSE_MS, resolve)
      })
      await Promise.race([settled(), late])
      isLate = true
      cancel()
    },
  }
}

/** Does the work for each item. One that fails does not keep the others from their turn. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = []
  for (const item of items) await work(item).catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw errors[0]
}

/** No honest subject is deeper. */
const MAX_LEVELS = 20

/** The members of a subject in one order, because a receiver may write them in another one. */
function toSubjectKey(subject: unknown): string | null {
  let isDeep = false
  const sorted = (value: unknown, level: number): unknown => {
    isDeep ||= level > MAX_LEVELS
    if (isDeep || typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map((item) => sorted(item, level + 1))
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, member]) => [name, sorted(member, level + 1)]),
    )
  }
  const text = sorted(subject, 0)
  return isDeep ? null : hashSecret(toUtf8(JSON.stringify(text)))
}
