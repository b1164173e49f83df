import { readFileSync } from 'node:fs'
import type { Verdict } from '@sojourn/audit'
import type { Truth } from './variant.ts'

/** The kind of a finding, independent of the cookie's name: `cookie-attributes/*: Secure`. */
export const kindOf = (fingerprint: string): string =>
  fingerprint.replace(/(?<=\/)(cookie \S+?( and cookie \S+?)*|bearer)(?=:|$)/, '*').replace(/(?<=\/flow )\d+/, '*')

/** Verdicts by kind, as tables have them. */
export function verdictsByKind(truths: readonly Truth[]): ReadonlyMap<string, ReadonlySet<Verdict>> {
  const seen = new Map<string, Set<Verdict>>()
  for (const truth of truths) {
    for (const [fingerprint, verdict] of Object.entries(truth)) {
      const kind = kindOf(fingerprint)
      seen.set(kind, (seen.get(kind) ?? new Set()).add(verdict))
    }
  }
  return seen
}

const source = (path: string) => readFileSync(new URL(`../../src/${path}.ts`, import.meta.url), 'utf8')

/** Checks whose texts are in another file. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'cookie-attributes': 'judge/cookie/attributes',
  'token-contents': 'judge/decode/judge-token',
}

/** Checks whose file name differs from their id. */
const FILES: Readonly<Record<string, string>> = { puzzling: 'other-flows' }

/** The kinds of findings in the source of a check: every literal that becomes `about`. */
export function kindsInSource(check: string): readonly string[] {
  const own = [
    ...source(`checks/${FILES[check] ?? check}`).matchAll(
      /\babout(?:: | = )['`]([^'`]+)['`]|\b(?:judge\w*|attempt)\((?:audit, )?'([^']+)'/g,
    ),
  ].map(([, named, passed]) => named ?? passed ?? '')
  const elsewhere = ELSEWHERE[check]
  const parts =
    elsewhere === undefined
      ? []
      : [...source(elsewhere).matchAll(/\babout(?:: | = )'([^']+)'/g)].map(([, part]) => `*: ${part}`)
  const all = [...own, ...parts].map((about) =>
    kindOf(`${check}/${about.replace(/^(cookie )?\$\{\w+(\.\w+)?\}/, '*').replace(/\$\{[^}]+\}/g, '*')}`),
  )
  // The name alone is what a part is put behind.
  return [...new Set(all)].filter(
    (kind) => !kind.endsWith('/*: *') && (elsewhere === undefined || !kind.endsWith('/*')),
  )
}
