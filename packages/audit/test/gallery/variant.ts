import type { Recipe, Verdict } from '@sojourn/audit'
import type { App } from '../support/web.ts'

/** What an audit should say, by `check/about`. */
export type Truth = Readonly<Record<string, Verdict>>

/** An application with one weakness, or with something that only looks like one. */
export interface Variant {
  readonly name: string
  readonly app: () => App
  readonly recipe: Recipe
  readonly truth: Truth
  readonly tls?: boolean
  readonly samples?: number
  readonly patienceMs?: number
  /** Checks to run; default: all. */
  readonly only?: readonly string[]
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
