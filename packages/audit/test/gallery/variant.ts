import { checks, type Recipe, type Verdict } from '@sojourn/audit'
import type { ALICE } from '../support/cookie-app.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import type { App } from '../support/web.ts'

/** The expected verdicts, by `check/about`. */
export type Truth = Readonly<Record<string, Verdict>>

/** An application with one weakness, or with something that only looks like one. */
export interface Variant {
  readonly name: string
  readonly app: () => App
  readonly recipe: Recipe
  readonly truth: Truth
  /** Over TLS, with a certificate that nobody vouches for; and over plain http at the same address, perhaps. */
  readonly tls?: boolean | 'https, and http beside it'
  /** Reached under this name, in place of the address of this machine. */
  readonly plainHost?: string
  readonly browser?: boolean
  readonly secondUser?: typeof ALICE
  readonly samples?: number
  readonly patienceMs?: number
  /** The clock for patience. */
  readonly clock?: FakeClock
  /** Checks to run; default: all. */
  readonly only?: readonly string[]
  /** Patterns for the details of findings. */
  readonly says?: Readonly<Record<string, RegExp>>
  /** Where the audit is known to be wrong, as `differences` has it. The truth stays what it is. */
  readonly lacks?: readonly string[]
  /** Nothing can be said, and the audit should know. */
  readonly untrusted?: boolean
}

/** `null`: the finding is not there. */
export type Changes = Readonly<Record<string, Verdict | null>>

export function changed(truth: Truth, changes: Changes): Truth {
  const all = Object.entries({ ...truth, ...changes })
  return Object.fromEntries(all.filter((entry): entry is [string, Verdict] => entry[1] !== null))
}

/** The same of a cookie of another name. */
export const renamed = (truth: Truth, from: string, to: string): Truth =>
  Object.fromEntries(
    Object.entries(truth).map(([about, verdict]) => [about.replace(`cookie ${from}`, `cookie ${to}`), verdict]),
  )

export const ofChecks = (truth: Truth, only: readonly string[]): Truth =>
  Object.fromEntries(Object.entries(truth).filter(([about]) => only.includes(about.split('/')[0] ?? '')))

/** Statistics take longer than all the rest: they are for where ids differ, which is where a sample is asked for. */
export function toRun({ only, samples }: Pick<Variant, 'only' | 'samples'>): readonly string[] {
  const all = checks.map(({ id }) => id)
  return only ?? (samples === undefined ? all.filter((id) => id !== 'token-strength') : all)
}
