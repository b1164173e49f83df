import { type Audit, type Login, NoLogin } from '../../audit/audit.ts'
import { copiesWith } from '../../audit/copies.ts'
import { LoginsLimited } from '../../audit/login-limit.ts'
import type { HeldCookie } from '../../http/client.ts'
import type { Exchange } from '../../http/exchange.ts'
import { StepFailed } from '../../recipe/fill.ts'

export interface SecondLogin {
  /** What went out with the password. */
  readonly sent: readonly HeldCookie[]
  readonly exchanges: readonly Exchange[]
}

/**
 * A second login in the client of the first. Where the login page passes by who is logged in, the form comes from a
 * client that is not, with the cookies that belong to it: as from a tab that was opened before.
 */
export async function logInAgain(audit: Audit, first: Login): Promise<SecondLogin> {
  try {
    return await audit.login('victim, again', { client: first.client })
  } catch (error) {
    if (!(error instanceof NoLogin) || error instanceof LoginsLimited) throw error
    const again = await withFormFromElsewhere(audit, first)
    if (again === null) throw error
    return again
  }
}

async function withFormFromElsewhere(audit: Audit, first: Login): Promise<SecondLogin | null> {
  const steps = audit.recipe.login
  const at = steps.findIndex((step) => JSON.stringify(step).includes('${password}'))
  if (at < 1) return null
  const stranger = { ...first, client: audit.client('who opens the form'), variables: audit.variablesOf(first.role) }
  try {
    const opened = await audit.run(stranger, steps.slice(0, at), 'open the login form')
    const carriers = new Set(audit.carriers.flat())
    for (const cookie of stranger.client.cookies()) if (!carriers.has(cookie.name)) first.client.hold(cookie)
    const { exchanges } = await audit.run(first, steps.slice(at), 'log in again', opened.variables)
    return { sent: copiesWith(first, exchanges).at(-1)?.cookies ?? [], exchanges }
  } catch (error) {
    if (error instanceof StepFailed) return null
    throw error
  }
}
