import { setTimeout as sleep } from 'node:timers/promises'
import { type Audit, type Login, NoLogin } from '../../audit/audit.ts'
import { LoginsLimited } from '../../audit/login-gate.ts'

/**
 * Appended to the old password. The audit prints it before the change and if the old password cannot be restored, so it is not a
 * secret by itself.
 */
export const SUFFIX = '-Aud1t!'

/** Most applications limit logins for a quarter of an hour. */
const PATIENCE_MS = 20 * 60_000
const UNKNOWN_WAIT_MS = 30_000

export interface PasswordKeeper {
  /** Records that the new password logged in with this client. */
  changed(login: Login): void
  /**
   * Restores the old password. If the application limits logins this waits, at the end of the audit for a long time, because a
   * changed password is worse than a late report. Resolves to a description of what could not be undone.
   */
  putBack(patienceMs?: number): Promise<string | null>
}

/** The outcome of a login. A number: logins are limited for this many ms. */
type LoginOutcome = 'in' | 'out' | number

/** `sessions` were logged in when the password was changed and may still be. With them, restoring needs no login. */
export function createPasswordKeeper(audit: Audit, old: string, sessions: readonly Login[]): PasswordKeeper {
  const next = `${old}${SUFFIX}`
  const helpers = [...sessions]
  // After an interruption, either password may be valid.
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

  /** Returns whether the steps ran. A login shows whether they had an effect. */
  async function changeBack(login: Login): Promise<boolean> {
    const { steps = [], restore } = audit.app.recipe.passwordChange ?? {}
    const words: [string, string][] = [['newPassword', old]]
    if (restore === undefined) words.push(['password', next])
    try {
      if ((await audit.ask.as(login.client, 'is it still logged in')).state !== 'in') return false
      await audit.users.run(login, restore ?? steps, 'restore the password', new Map(words))
      return true
    } catch {
      // The caller reports it.
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
        // Restored but not verified: if the user kills the audit while it waits, the old password is valid.
        for (const helper of holds === 'either' ? helpers : []) if (await changeBack(helper)) holds = 'perhaps old'
        return login
      }
    }
    if (holds === 'old') return 'in'
    const changed = await changeBackSomehow()
    if (typeof changed === 'number') return changed
    // An earlier attempt that was interrupted may have worked.
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
        return `it is unknown whether the password is restored because logins are limited. If it is not, it is the old one followed by ${SUFFIX}`
      audit.users.setPassword('first', next)
      return `the password could not be restored: it is the old one followed by ${SUFFIX}`
    },
  }
}
