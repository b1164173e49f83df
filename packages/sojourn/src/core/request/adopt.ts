import { hmacSha256, sha256Text } from '#crypto'
import type { Translation } from '../contracts/carrier.ts'
import { assertUserId, checkArgument } from '../contracts/check-options.ts'
import { SessionError } from '../contracts/errors.ts'
import type { JsonValue } from '../contracts/json.ts'
import type { Head, SessionId, SessionRecord } from '../contracts/record.ts'
import type { Refusal } from '../contracts/session.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { toStoredEdits, toText } from '../data/texts.ts'
import { createVault, plainVault, toStored } from '../data/vault.ts'
import { toUtf8 } from '../lib/bytes.ts'
import { defined, rescue } from '../lib/maybe.ts'
import { once, toOnceId } from '../token/once.ts'
import { createNonce, deriveSuccessor, toRenewing } from '../token/secrets.ts'
import { expiryOf, hashSecret, type TokenParts, toId } from '../token/token.ts'
import { ask, type Caller, emit, readNow, sureOfEra } from './caller.ts'
import type { Found } from './held.ts'
import { carrierFailed, type Finder, find } from './open.ts'
import type { State } from './state.ts'

/** A session of another library. Times are a `Date` or ms since the epoch. */
export interface OldSession {
  /** `null`: anonymous. */
  readonly userId: string | null
  readonly data: Readonly<Record<string, JsonValue>>
  /**
   * Until when the other library would accept the text if nothing deleted it. Until then core remembers that the text was
   * adopted, so that it never begins a second session.
   */
  readonly until: Date | number
  /** When the old session began. The absolute limit counts from it. Default: now. */
  readonly createdAt?: Date | number | undefined
  /** When the user last proved their identity. Default: unknown, and `authenticatedWithin` is `false`. */
  readonly authenticatedAt?: Date | number | undefined
  /** When the session ends for good. If it is later than the configured absolute limit, this is a *remember me*. Default: as configured. */
  readonly endsAt?: Date | number | undefined
  readonly methods?: readonly string[] | undefined
  readonly assurance?: string | undefined
}

/** How a carrier hands over a session of another library. */
export interface Adoption {
  /**
   * What identifies the old session in the other library: its id in the old store, or the text itself. Secret, hard to guess, and
   * the same for each spelling of the text.
   */
  readonly key: string
  /**
   * Reads the old session, or returns why it is refused. Called only if it was not adopted before. If it throws or rejects, the
   * request fails with 503, and the client keeps what it has.
   */
  load(): MaybePromise<OldSession | Refusal>
  /** Called once our session is stored. Deletes the old one. If it fails, a `fault` reports it and the request continues. */
  adopted?(): MaybePromise<void>
}

/**
 * For `Carrier.translate`: the text is a live session of another library, which becomes one of ours. Check the text's signature
 * before you call it.
 *
 * The request that presents the text writes the session, even if its handler only reads, and its response sends our token. Until
 * the client presents that token, the old text opens the same session, in parallel requests too, and for a grace after that.
 * Then it is an old token, and its use is reported (`reuse`). A text begins one session ever: after a logout or an expiry it is
 * refused. Once `sessions.endAll` was called, texts that were not adopted before are refused (`ended`).
 */
export function adopt({ key, load, adopted }: Adoption): Translation {
  checkArgument(key, 'string', 'adopt: key')
  if (key === '') throw new SessionError('ERR_OPTION', 'adopt needs a key that is not empty.')
  const finder: Finder = {
    kind: 'adopt',
    async find(state, text) {
      const lack = state.setup.store.lacks?.['lost-update']
      if (lack !== undefined) {
        carrierFailed(state, new SessionError('ERR_OPTION', `adopt needs another store: ${lack}`))
      }
      const parts = partsOf(key, text)
      const found = await find(state, parts, state.openedAt)
      if (!isMissing(found)) return found
      await sureOfEra(state)
      // It may be from before the last `endAll`.
      if (state.setup.eras.marker.era > 0) return { kind: 'dead', refusal: 'ended', id: parts.id }
      const old = await rescue(
        async () => load(),
        (cause) => carrierFailed(state, cause),
      )
      return typeof old === 'string' ? unlessAdopted(state, parts, old) : begin(state, parts, old, adopted)
    },
  }
  return finder
}

function isMissing(found: Found): boolean {
  return found.kind === 'dead' && found.refusal === 'unknown'
}

/** A parallel request may have adopted it since, and deleted the old one. */
async function unlessAdopted(state: State, parts: TokenParts, refusal: Refusal): Promise<Found> {
  const found = await find(state, parts, state.openedAt)
  return isMissing(found) ? { kind: 'dead', refusal, id: parts.id } : found
}

/** The text as a token: the same for all requests that present it, and for nobody who knows less than the text. */
function partsOf(key: string, text: string): TokenParts {
  const locator = hmacSha256(toUtf8('sojourn adopted locator v1'), toUtf8(key)).subarray(0, 16)
  const secret = hmacSha256(toUtf8('sojourn adopted secret v1'), toUtf8(text)).subarray(0, 24)
  return { id: toId(sha256Text(locator)), locator, secret }
}

async function begin(state: State, parts: TokenParts, old: OldSession, adopted: Adoption['adopted']): Promise<Found> {
  const { setup, openedAt } = state
  const [record, until] = await rescue(
    async () => [await toRecord(state, parts, old), toTime(old.until)] as const,
    (cause) => carrierFailed(state, cause),
  )
  const isOver = setup.clock() >= Math.min(until, expiryOf(record, setup.limits))
  if (isOver || !(await claim(state, record, until))) return unlessAdopted(state, parts, 'expired')
  const isFirst = await ask(state, 'create', record)
  if (isFirst) {
    const { id, userId } = record
    emit(state, 'adopted', { id, userId, carrier: state.carrier.name })
    await finishClaim(state, id)
    await rescue(
      async () => adopted?.(),
      (error) => emit(state, 'fault', { operation: `carrier ${state.carrier.name}`, error }),
    )
  }
  return find(state, parts, openedAt)
}

/**
 * Whether this text may begin its session: only once. If the store failed between the claim and the session, or a parallel request
 * is about to store it, the claim is not finished. Then another request may store the session, for as long as the first one, or
 * its tombstone, would still be there.
 */
async function claim(state: State, record: SessionRecord, until: number): Promise<boolean> {
  const by = forClaims(state)
  const { clock, limits } = by.setup
  const fail = (error: unknown): never => {
    emit(state, 'fault', { operation: 'create', error })
    throw error
  }
  const key = claimKey(record.id)
  // A session of another library may end before our idle limit.
  const keptMs = Math.min(limits.idleMs, expiryOf(record, limits) - record.lastSeenAt)
  if (await rescue(async () => once(by.store, key, until, clock), fail)) return true
  const kept = await readNow(by, toOnceId(key))
  return kept?.kind === 'live' && kept.data[DONE] === undefined && clock() < kept.lastSeenAt + keptMs
}

/** Claims outlast the request, also if the client holds the records itself. */
function forClaims({ setup, view }: State): Caller {
  return { setup, view, store: setup.store }
}

const DONE = 'done'

function claimKey(id: SessionId): string {
  return `adopted ${id}`
}

/** A full memory store forgets tombstones, but not claims. */
async function finishClaim(state: State, id: SessionId): Promise<void> {
  try {
    await ask(forClaims(state), 'write', toOnceId(claimKey(id)), { set: { [DONE]: 'true' } })
  } catch {
    // The failure was reported as a fault. The session is stored, and so will its tombstone be.
  }
}

/** The text is like an old token whose renewal has begun: core sends the successor to each request that presents it. */
async function toRecord(state: State, parts: TokenParts, old: OldSession): Promise<SessionRecord> {
  const { setup, view } = state
  const { id, secret } = parts
  const { userId, methods, assurance } = old
  if (userId !== null) assertUserId(userId)
  const now = setup.clock()
  const createdAt = Math.min(now, toOptionalTime(old.createdAt) ?? now)
  const authenticatedAt = toOptionalTime(old.authenticatedAt)
  const vault = setup.sealed ? createVault(id) : plainVault
  const nonce = createNonce()
  const next = deriveSuccessor(secret, nonce)
  const first: Head = {
    secret: hashSecret(secret),
    secretAt: now,
    ...defined({
      authenticatedAt,
      methods,
      assurance,
      device: setup.describeDevice(view) ?? undefined,
      sealedKey: await vault.keyFor(secret),
    }),
    ...limitsOf(toOptionalTime(old.endsAt), Math.max(createdAt, authenticatedAt ?? 0), setup.limits.absoluteMs),
  }
  const head = toRenewing(first, nonce, next, now, await vault.keyFor(next))
  const texts = Object.entries(old.data).map(([name, value]) => [name, toText(value, name) ?? null])
  const { set: data } = await toStored(vault, toStoredEdits(Object.fromEntries(texts)))
  const fields = { createdAt, lastSeenAt: now, head }
  return { kind: 'live', id, userId, version: 0, ...fields, expiresAt: expiryOf(fields, setup.limits), data }
}

/** As at a login: a limit longer than the configured one also replaces the idle limit. */
function limitsOf(endsAt: number | undefined, beganAt: number, usualMs: number): Pick<Head, 'absoluteMs' | 'idleMs'> {
  if (endsAt === undefined) return {}
  const absoluteMs = Math.max(0, endsAt - beganAt)
  return absoluteMs > usualMs ? { absoluteMs, idleMs: absoluteMs } : { absoluteMs }
}

function toOptionalTime(time: Date | number | undefined): number | undefined {
  return time === undefined ? undefined : toTime(time)
}

function toTime(time: Date | number): number {
  const ms = Math.floor(Number(time))
  if (Number.isSafeInteger(ms)) return ms
  throw new SessionError('ERR_OPTION', 'Times of an adopted session are dates or ms since the epoch.')
}
