import { setTimeout as sleep } from 'node:timers/promises'
import { type Audit, type Login, NoLogin } from '../../audit/audit.ts'
import { LoginsLimited } from '../../audit/login-gate.ts'

/** Put behind the old password. It is told before the change and when the old one cannot be restored, so it is no secret by itself. */
export const SUFFIX = '-Aud1t!'

/** Logins are limited for a quarter of an hour at most places. */
const PATIENCE_MS = 20 * 60_000
const UNKNOWN_WAIT_MS = 30_000

export interface PasswordKeeper {
  /** The new password was seen to log in, with this client. */
  changed(login: Login): void
  /**
   * Puts the old one back. Where the application limits logins this waits, at the end of the audit for long: a password
   * left changed is worse than a late report. Resolves to what is left, in words.
   */
  putBack(patienceMs?: number): Promise<string | null>
}

/** What came of a login: `number`: logins are limited for so many ms. */
type LoginOutcome = 'in' | 'out' | number

/** `sessions`: logged in when the password was changed, and may be still: with them, putting back takes no login. */
export function createPasswordKeeper(audit: Audit, old: string, sessions: readonly Login[]): PasswordKeeper {
  const next = `${old}${SUFFIX}`
  const helpers = [...sessions]
  // An interruption leaves open which one holds.
  let holds: 'either' | 'new' | 'perhaps old' | 'old' = 'either'

  async function tryLogin(password: string): Promise<LoginOutcome | Login> {
    audit.users.setPassword('first', password)
    try {
      return await audit.users.login('which password holds', { fresh: true, unsure: true })
    } catch (error) {
      if (error instanceof LoginsLimited)
        return Math.max((error.until ?? Date.now() + UNKNOWN_WAIT_MS) - Date.now(), 1000)
      if (error instanceof NoLogin) return 'out'
      throw error
    }
  }

  /** Whether the steps were done; what they did is seen by logging in. */
  async function changeBack(login: Login): Promise<boolean> {
    const { steps = [], restore } = audit.app.recipe.passwordChange ?? {}
    const words: [string, string][] = [['newPassword', old]]
    if (restore === undefined) words.push(['password', next])
    try {
      if ((await audit.ask.as(login.client, 'is it still logged in')).state !== 'in') return false
      await audit.users.run(login, restore ?? steps, 'restore the password', new Map(words))
      return true
    } catch {
      // What it means is said by who asked.
      return false
    }
  }

  async function changeBackSomehow(): Promise<LoginOutcome> {
    for (const login of helpers) if (await changeBack(login)) return 'in'
    const login = await tryLogin(next)
    if (typeof login !== 'object') return login
    helpers.unshift(login)
    return (await changeBack(login)) ? 'in' : 'out'
  }

  async function round(): Promise<LoginOutcome> {
    if (holds === 'either' || holds === 'perhaps old') {
      const login = await tryLogin(old)
      if (typeof login === 'object') holds = 'old'
      if (typeof login === 'number') {
        // Not seen, but done: who kills the audit while it waits is not locked out.
        for (const helper of holds === 'either' ? helpers : []) if (await changeBack(helper)) holds = 'perhaps old'
        return login
      }
    }
    if (holds === 'old') return 'in'
    const changed = await changeBackSomehow()
    if (typeof changed === 'number') return changed
    // Interrupted, an earlier try may have been done all the same.
    holds = 'perhaps old'
    const login = await tryLogin(old)
    if (typeof login === 'number') return login
    holds = login === 'out' ? 'new' : 'old'
    return login === 'out' ? 'out' : 'in'
  }

  return {
    changed(login) {
      holds = 'new'
      helpers.unshift(login)
    },
    async putBack(patienceMs = PATIENCE_MS) {
      const until = Date.now() + patienceMs
      for (;;) {
        const answer = await round()
        if (answer === 'in') return null
        if (answer === 'out' || Date.now() + answer > until) break
        await sleep(answer)
      }
      if (holds === 'perhaps old')
        return `whether the password is restored could not be seen: logins are limited. If it is not, it is the old one with ${SUFFIX} behind it`
      audit.users.setPassword('first', next)
      return `the password could not be restored: it is the old one with ${SUFFIX} behind it`
    },
  }
}
