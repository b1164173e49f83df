import { type Audit, type Login, stateAs } from '../../audit/audit.ts'
import type { Exchange } from '../../http/exchange.ts'
import { cannotJudge, type Finding, fail, pass } from '../../model/finding.ts'

export const USERS_ALIKE =
  'The logged-in check takes the second user for the first, so it cannot distinguish their sessions. Set its text to ${user}.'

/** Whether ending one user's sessions ended another's. `other` was logged in before. */
export async function otherUserStays(audit: Audit, other: Login, ended: readonly Exchange[]): Promise<Finding> {
  const about = 'another user'
  const { state, exchange } = await audit.ask.as(other.client, 'is the other user still logged in')
  if (state === 'in')
    return pass({ about, title: 'Other users stay logged in', detail: 'The second user is still logged in.' })
  const detail = 'When one user’s session was ended, so was that of another user.'
  if (state === 'unknown') return cannotJudge({ about, title: 'No clear answer', detail: 'The server gave none.' })
  const evidence = [audit.say.evidence(detail, [...ended, exchange])]
  return fail({ about, severity: 'medium', title: 'Other users are logged out too', detail, evidence })
}

/** If cookies count only together: whether they must come from one login. */
export async function cookiesOfTwo(audit: Audit): Promise<Finding[]> {
  const about = 'cookies of two users'
  const sets = audit.app.carriers.filter((names) => names.length > 1)
  if (sets.length === 0 || !audit.app.hasSecondUser) return []
  const [first, second] = [await audit.users.login('victim'), await audit.users.login('attacker', { role: 'second' })]
  for (const names of sets) {
    for (const name of names) {
      const own = first.credential.cookies.filter((cookie) => names.includes(cookie.name))
      const theirs = second.credential.cookies.find((cookie) => cookie.name === name)
      // Both users have the same value, so it is not part of the secret.
      if (theirs === undefined || own.some(({ value }) => value === theirs.value)) continue
      const cookies = own.map((cookie) => (cookie.name === name ? theirs : cookie))
      const { exchange } = await audit.ask.with(`${name} of another user`, { cookies, bearer: null })
      const whose = (['first', 'second'] as const).find((role) => stateAs(audit, role, exchange) === 'in')
      if (whose === undefined) continue
      const detail = `With ${name} of another user among ${names.join(', ')}, a client is logged in as the ${whose} user: an attacker with an account needs only some of the cookies.`
      const evidence = [audit.say.evidence(detail, [exchange])]
      return [fail({ about, severity: 'medium', title: 'Cookies are not bound to each other', detail, evidence })]
    }
  }
  return [
    pass({
      about,
      title: 'Cookies must come from one login',
      detail: 'Mixed with those of another user, they open nothing.',
    }),
  ]
}
