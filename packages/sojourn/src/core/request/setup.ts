import type { Carrier } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Emitter } from '../contracts/events.ts'
import type { Guard } from '../contracts/guard.ts'
import type { CoreOptions, DescribeDevice } from '../contracts/options.ts'
import type { StandardSchema } from '../contracts/schema.ts'
import type { Store } from '../contracts/store.ts'
import { type Limits, toLimits } from '../contracts/timeouts.ts'
import { assertSchema } from '../data/schema.ts'
import { createEmitter } from '../lib/emitter.ts'
import type { Turns } from '../lib/turns.ts'
import { tell, toConsole, type Warn } from '../lib/warn.ts'
import { createTokens, type Tokens } from '../token/token.ts'
import { type CachingHeaders, toCachingHeaders } from './caching.ts'
import { createEras, type Eras } from './eras.ts'
import { assertServes, assertStore, assertWhole } from './lacks.ts'

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
  /** Guards whose notes an export shows. */
  readonly shownNotes: readonly string[]
  readonly describeDevice: DescribeDevice
  readonly schema: StandardSchema<object> | null
  readonly invalidData: 'drop' | 'end' | 'throw'
  /** Whether stored data is checked before the handler runs, because only then can it still end the session. */
  readonly checksData: boolean
  readonly limits: Limits
  readonly eras: Eras
  readonly tokens: Tokens
  readonly sealed: boolean
  readonly endOnReuse: boolean
  readonly clock: () => number
  readonly events: Emitter
  readonly warn: (message: string) => void
  readonly warnOnce: (message: string) => void
  /** Writers of one key in this process take turns, so that they never make each other retry. */
  readonly turns: Turns
  /** When the store last reported a failover, by our clock. Earlier writes may be lost. */
  failedOverAt: number
  closed: boolean
}

export function createSetup<Data extends object>(options: CoreOptions<Data>): Setup {
  const { store, insecureStoreLacks, data: schema = null, invalidData = 'drop', sealed = false } = options
  const { clock: exact, warn = toConsole, describeDevice = () => null } = options
  // `performance.timeOrigin + performance.now()` has fractions, which whole numbers of a database do not take.
  const clock = exact === undefined ? Date.now : () => Math.floor(exact())
  const warnOnce = once(warn)
  const carriers = [...options.carriers]
  assertStore(store)
  const { guards = [] } = options
  for (const each of [store, ...carriers.map(({ name, records }) => ({ name, lacks: records?.lacks }))]) {
    assertWhole(each, insecureStoreLacks)
    assertServes(each, guards)
  }
  if (schema !== null) assertSchema(schema)
  return {
    store,
    carriers,
    lastCarrier: lastOf(carriers),
    caching: toCachingHeaders(carriers),
    places: carriers.flatMap(({ place }) => place ?? []),
    guards: toMoments(guards),
    shownNotes: guards.filter(({ exportsNote }) => exportsNote).map(({ name }) => name),
    describeDevice,
    schema,
    invalidData,
    checksData: schema !== null || invalidData !== 'drop',
    limits: toLimits(options.timeouts, warnOnce),
    eras: createEras(store, clock),
    tokens: createTokens(options.keys),
    sealed,
    endOnReuse: options.onReuse !== 'report',
    clock,
    events: createEmitter(clock, warnOnce),
    warn,
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
    throw new SessionError(
      'ERR_OPTION',
      `guards: ${guard.name} has none of ${MOMENTS.join(', ')}. A guard is an object with one of these.`,
    )
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
    `carriers: put ${late.name} before ${carriers[firstAmbient]?.name}. Browsers attach it by themselves.`,
  )
}

const MAX_WARNINGS = 100

function once(warn: Warn): Warn {
  const said = new Set<string>()
  return (message) => {
    // Bounded, because a message may name what a client sent.
    if (!said.has(message) && said.size < MAX_WARNINGS) {
      said.add(message)
      tell(warn, message)
    }
  }
}
