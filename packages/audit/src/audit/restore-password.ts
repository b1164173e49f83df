import { setTimeout as sleep } from 'node:timers/promises'
import { headerOf } from '../http/exchange.ts'
import type { Audit } from './audit.ts'

/** Put behind the old password. It stands in the report when the old one cannot be restored, so it is no secret by itself. */
export const SUFFIX = '-Aud1t!'

/** Logins are limited for a quarter of an hour at most places. */
const PATIENCE_MS = 20 * 60_000
const UNTOLD_MS = 30_000

/** Where the application limits logins this waits: a password left changed is worse than a late report. Resolves to what is left, in words. */
export async function restorePassword(audit: Audit, old: string): Promise<string | null> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const seen = audit.exchanges.length
    if (await restore(audit, old)) return null
    const wait = limitedFor(audit, seen)
    if (wait === null || Date.now() + wait > until) {
      audit.setPassword('first', `${old}${SUFFIX}`)
      return `the password could not be restored: it is the old one with ${SUFFIX} behind it`
    }
    await sleep(wait)
  }
}

/** How long the application asked to wait since then; `null`: it limited nothing. */
function limitedFor(audit: Audit, seen: number): number | null {
  const limited = audit.exchanges.slice(seen).filter(({ response }) => response?.status === 429)
  if (limited.length === 0) return null
  const seconds = limited.map(({ response }) => Number(headerOf(response, 'retry-after') ?? Number.NaN))
  return Math.max(...seconds.map((told) => (told >= 0 ? told * 1000 : UNTOLD_MS)))
}

async function restore(audit: Audit, old: string): Promise<boolean> {
  // An interruption leaves open which password holds: the old one is tried first.
  audit.setPassword('first', old)
  if (await canLogIn(audit)) return true
  const next = `${old}${SUFFIX}`
  audit.setPassword('first', next)
  try {
    const login = await audit.login('the one that restores the password')
    const { steps = [], restore } = audit.recipe.passwordChange ?? {}
    const words: [string, string][] = [['newPassword', old]]
    if (restore === undefined) words.push(['password', next])
    await audit.run(login, restore ?? steps, 'restore the password', new Map(words))
    audit.setPassword('first', old)
    return await canLogIn(audit)
  } catch {
    // What it means is said by who asked.
    return false
  }
}

const canLogIn = (audit: Audit): Promise<boolean> =>
  audit.login('which password holds').then(
    () => true,
    () => false,
  )
