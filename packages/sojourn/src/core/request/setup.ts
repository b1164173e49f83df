import type { Carrier, RequestView } from '../contracts/carrier.ts'
import { toMs } from '../contracts/duration.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Emitter, SessionEventName, SessionEvents } from '../contracts/events.ts'
import type { Guard } from '../contracts/guard.ts'
import type { CoreOptions, DescribeDevice } from '../contracts/options.ts'
import type { SessionId, SessionRecord, Tombstone } from '../contracts/record.ts'
import type { StandardSchema } from '../contracts/schema.ts'
import type { MaybePromise, Store } from '../contracts/store.ts'
import { type Limits, toLimits } from '../contracts/timeouts.ts'
import { assertSchema } from '../data/validate.ts'
import { createEmitter } from '../lib/emitter.ts'
import { isPromise } from '../lib/maybe.ts'
import type { Turns } from '../lib/turns.ts'
import { createTokens, type Tokens } from '../token/token.ts'
import { type CachingHeaders, toCachingHeaders } from './caching.ts'
import { assertStore, assertWhole } from './lacks.ts'

/** The options, checked and with defaults, for every part of core. Created once per application. */
export interface Setup {
  readonly store: Store
  readonly carriers: readonly Carrier[]
  /** Sends tokens if the client presents none. */
  readonly lastCarrier: Carrier
  readonly caching: CachingHeaders
  /** Where the carriers keep tokens. Two applications must not use the same place. */
  readonly places: readonly string[]
  readonly guards: Moments
  readonly describeDevice: DescribeDevice
  readonly schema: StandardSchema<object> | null
  readonly invalidData: 'drop' | 'end' | 'throw'
  readonly limits: Limits
  readonly tokens: Tokens
  readonly sealed: boolean
  readonly endOnReuse: boolean
  readonly dropDeviceAfterMs: number
  readonly clock: () => number
  readonly events: Emitter
  readonly warnOnce: (message: string) => void
  /** Writers of one key in this process take turns, so that they never make each other retry. */
  readonly turns: Turns
  /** When the store last reported a failover, by our clock. Earlier writes may be lost. */
  failedOverAt: number
  closed: boolean
}

/** The caller of core: a request (its `State`), or a method of `sessions` itself (`view: null`). */
export interface Caller {
  readonly setup: Setup
  readonly view: RequestView | null
  /** The application's store, or that of the request if its carrier holds the records itself. */
  readonly store: Store
}

export function createSetup<Data extends object>(options: CoreOptions<Data>): Setup {
  const { clock: exact = Date.now, warn = (message) => console.warn(message) } = options
  // `performance.timeOrigin + performance.now()` has fractions, which whole numbers of a database do not take.
  const clock = (): number => Math.floor(exact())
  const warnOnce = once(warn)
  const carriers = [...options.carriers]
  assertStore(options.store)
  assertWhole(options.store, options.insecureStoreLacks)
  for (const { name, records } of carriers) assertWhole({ name, lacks: records?.lacks }, options.insecureStoreLacks)
  if (options.data !== undefined) assertSchema(options.data)
  return {
    store: options.store,
    carriers,
    lastCarrier: lastOf(carriers),
    caching: toCachingHeaders(carriers),
    places: carriers.map(({ place }) => place).filter((place) => place !== undefined),
    guards: toMoments(options.guards ?? []),
    describeDevice: options.describeDevice ?? (() => null),
    schema: options.data ?? null,
    invalidData: options.invalidData ?? 'drop',
    limits: toLimits(options.timeouts),
    tokens: createTokens(options.keys),
    sealed: options.sealed ?? false,
    endOnReuse: options.onReuse !== 'report',
    dropDeviceAfterMs:
      options.dropDeviceAfter === undefined
        ? Number.POSITIVE_INFINITY
        : toMs(options.dropDeviceAfter, 'dropDeviceAfter'),
    clock,
    events: createEmitter(clock, warnOnce),
    warnOnce,
    turns: new Map(),
    failedOverAt: Number.NEGATIVE_INFINITY,
    closed: false,
  }
}

const MOMENTS = ['check', 'opened', 'login', 'leaving'] as const
/** The guards of each moment, so that a moment that no guard uses costs nothing. */
export type Moments = Readonly<Record<(typeof MOMENTS)[number], readonly Guard[]>>

function toMoments(guards: readonly Guard[]): Moments {
  for (const { name } of guards) {
    if (guards.filter((other) => other.name === name).length > 1 || typeof name !== 'string' || name === '') {
      throw new SessionError(
        'ERR_OPTION',
        `guards: each needs a name of its own, but ${JSON.stringify(name)} is not one.`,
      )
    }
  }
  for (const guard of guards) {
    if (MOMENTS.some((moment) => typeof guard[moment] === 'function')) continue
    throw new SessionError('ERR_OPTION', `guards: ${guard.name} has none of ${MOMENTS.join(', ')}.`)
  }
  const [check, opened, login, leaving] = MOMENTS.map((moment) => guards.filter((guard) => guard[moment] !== undefined))
  return { check, opened, login, leaving } as Moments
}

/**
 * If the client also presents a token that only a script can send, that one counts, and a token that browsers attach by
 * themselves is ignored.
 */
function lastOf(carriers: readonly Carrier[]): Carrier {
  const last = carriers.filter(({ readOnly }) => readOnly !== true).at(-1)
  if (last === undefined) throw new SessionError('ERR_OPTION', 'carriers must have one that sends tokens.')
  const firstAmbient = carriers.findIndex(({ ambient }) => ambient)
  const late = firstAmbient === -1 ? undefined : carriers.slice(firstAmbient).find(({ ambient }) => !ambient)
  if (late === undefined) return last
  throw new SessionError(
    'ERR_OPTION',
    `carriers: put ${late.name} before ${carriers[firstAmbient]?.name}. Browsers attach the latter by themselves.`,
  )
}

type Operation = 'read' | 'readNow' | 'create' | 'write' | 'end' | 'list' | 'sweep' | 'scan' | 'setup'
type Method<Name extends Operation> = NonNullable<Store[Name]>
type AnyStore = Record<Operation, (...args: readonly unknown[]) => MaybePromise<unknown>>

/** Makes one call of the store. Any error becomes `ERR_STORE`, and a `fault` for the operator. */
export function ask<Name extends Operation>(
  by: Caller,
  operation: Name,
  ...args: Parameters<Method<Name>>
): ReturnType<Method<Name>> {
  if (by.setup.closed) throw new SessionError('ERR_CLOSED')
  try {
    const value = (by.store as unknown as AnyStore)[operation](...args)
    return (isPromise(value) ? value.catch(failing(by, operation)) : value) as ReturnType<Method<Name>>
  } catch (error) {
    return fail(by, operation, error)
  }
}

/** Returns the current record, if `read` may be a moment behind. */
export function readNow(by: Caller, id: SessionId): MaybePromise<SessionRecord | Tombstone | null> {
  return ask(by, by.store.readNow === undefined ? 'read' : 'readNow', id)
}

/** Emits an event with the request that caused it. */
export function emit<Name extends SessionEventName>(
  { setup, view }: Caller,
  name: Name,
  detail: SessionEvents[Name],
): void {
  setup.events.emit(name, detail, view)
}

// A function of its own, so that only calls that return a promise allocate for it.
function failing(by: Caller, operation: string): (error: unknown) => never {
  return (error) => fail(by, operation, error)
}

function fail(by: Caller, operation: string, cause: unknown): never {
  const error =
    cause instanceof SessionError
      ? cause
      : new SessionError('ERR_STORE', `${by.store.name} failed to ${operation}.`, cause)
  emit(by, 'fault', { operation, error })
  throw error
}

const MAX_WARNINGS = 100

function once(warn: (message: string) => void): (message: string) => void {
  const said = new Set<string>()
  return (message) => {
    // Bounded, because a message may name what a client sent.
    if (!said.has(message) && said.size < MAX_WARNINGS) {
      said.add(message)
      warn(`sojourn: ${message}`)
    }
  }
}
