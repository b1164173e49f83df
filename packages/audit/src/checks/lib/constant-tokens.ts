import { type Audit, type Login, NoLogin } from '../../audit/audit.ts'
import { LimitReached } from '../../http/engine.ts'
import { gave } from '../../http/given-by.ts'
import { type Finding, fail } from '../../model/finding.ts'

/** Data that is signed with the time in seconds is the same within one. */
const OVER_A_SECOND_MS = 1100

/** Cookies that log in alone, beside the one that was scored (`scored`), and are the same at every login. */
export async function constantTokens(audit: Audit, scored: string): Promise<readonly Finding[]> {
  const names = audit.carriers
    .flatMap((set) => (set.length === 1 ? set : []))
    .filter((name) => `cookie ${name}` !== scored)
  if (names.length === 0) return []
  try {
    return await compare(audit, names)
  } catch (error) {
    // What was scored stays true where no more logins are to be had.
    if (error instanceof NoLogin || error instanceof LimitReached) return []
    throw error
  }
}

async function compare(audit: Audit, names: readonly string[]): Promise<readonly Finding[]> {
  const first = await audit.login('first of two')
  const soon = await audit.login('second of two')
  const suspects = names.filter((name) => isSame(name, first, soon))
  if (suspects.length === 0) return []
  await audit.wait(OVER_A_SECOND_MS)
  const later = await audit.login('second of two, later')
  return suspects.filter((name) => isSame(name, first, later)).map((name) => finding(audit, name, [first, later]))
}

const heldIn = (name: string, { credential }: Login): string | undefined =>
  credential.cookies.find((cookie) => cookie.name === name)?.value

const isSame = (name: string, one: Login, other: Login): boolean =>
  heldIn(name, one) !== undefined && heldIn(name, one) === heldIn(name, other)

function finding(audit: Audit, name: string, logins: readonly Login[]): Finding {
  const detail = `Two logins in clean clients were given the same cookie ${name}, which logs in alone. It cannot be ended for one browser without being ended for all, so whoever once saw it stays logged in.`
  const giving = logins.flatMap(({ exchanges }) =>
    exchanges.filter((exchange) => logins.some((login) => gave(exchange, heldIn(name, login) ?? ''))).slice(-1),
  )
  return fail({
    about: `cookie ${name}: from login to login`,
    severity: 'medium',
    title: 'The same token at every login',
    detail,
    evidence: [audit.evidence(detail, giving)],
  })
}
