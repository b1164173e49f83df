import type { Check } from '../../model/check.ts'
import { SNIPPETS } from './snippets.ts'

/** The check, its fix with code for every common framework; what the check itself says of one that is not among them stays. */
export function withSnippets(check: Check): Check {
  const common = SNIPPETS[check.id]
  if (common === undefined) return check
  const names = Object.keys(common).map((name) => name.toLowerCase())
  const own = Object.entries(check.fix.snippets ?? {}).filter(([name]) => !names.some((known) => isSame(known, name)))
  return { ...check, fix: { ...check.fix, snippets: { ...common, ...Object.fromEntries(own) } } }
}

/** `express-session` says what `Express` says. */
function isSame(known: string, name: string): boolean {
  return name.toLowerCase().split(/[\s-]/)[0] === known
}
