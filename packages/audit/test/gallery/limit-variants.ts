import { type LoginLimit, limitsLogins } from '../support/login-limits.ts'
import { appOf, variant } from './cookie-variant.ts'
import type { Changes, Variant } from './variant.ts'

const limited = (name: string, limit: LoginLimit, changes: Changes = {}): Variant => ({
  ...variant(name, {}, changes),
  app: () => limitsLogins(limit)(appOf({})),
})

const TOO_MANY = { status: 429, headers: { 'retry-after': '900' }, html: 'too many' }
const AGAIN = {
  html: 'Too many logins. <form method="post"><input name="name"><input type="password" name="password"></form>',
}

/** Findings that need more logins than the ten allowed: they must have no verdict. */
const SPENT: Changes = {
  'new-login-ends-old/second login': 'cannot-judge',
  'concurrent-sessions/sessions at once': 'cannot-judge',
  'cross-site-requests/other sites': null,
  'cross-site-requests/hosts of the same site': null,
  'cross-site-requests/check': 'cannot-judge',
  'logout-everywhere/other session': null,
  'logout-everywhere/check': 'cannot-judge',
}

/** Applications that limit logins. */
export const limitVariants: readonly Variant[] = [
  limited('look-alike: a limit of 26 logins, which an audit keeps under', { most: 26, reply: TOO_MANY }),
  limited('ten logins, and then 429', { most: 10, reply: TOO_MANY }, SPENT),
  limited('ten logins, and then the login page with an error', { most: 10, reply: AGAIN }, SPENT),
  limited('the account is locked after three wrong passwords', { most: 3, counts: 'wrong', reply: AGAIN }),
]
