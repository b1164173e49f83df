import { variant } from './cookie-variant.ts'
import { either } from './cookie-variants.ts'
import { logoutWithNonce } from './recipes.ts'
import { asJwt, renews, setsAgain, signsAnew } from './rotation-twists.ts'
import { type Changes, toRun, type Variant } from './variant.ts'

const renewed = (verdict: 'pass' | 'inform'): Changes => ({ 'carriers/cookie sid: renewed': verdict })

/** Old ids stay good: what is presented after a logout, a login or a change of the password is one of them. */
const outlives = { ...renewed('inform'), 'logout-ends-session/logout': 'fail' } as const

/** The findings about our own signature format do not matter here. */
const unread = toRun({}).filter((id) => id !== 'token-contents')

const judged = ['carriers', 'fixation', 'new-login-ends-old', 'jwt-attacks', 'logout-ends-session', 'logout-everywhere']
const ofJwt: Changes = { 'jwt-attacks/token': null, 'jwt-attacks/forged tokens': 'pass' }

/** Ids that change with each answer. */
export const rotationVariants: readonly Variant[] = [
  variant('a new id with each answer, the old one dead at once', { twists: [renews()] }, renewed('pass')),
  variant(
    'a new id with each answer, the old one good for a while',
    { twists: [renews({ graceMs: 700 })] },
    renewed('pass'),
  ),
  variant(
    'a new id with each answer, and a reused old one ends the session',
    { twists: [renews({ noticesReuse: true })] },
    renewed('pass'),
  ),
  variant(
    'a new id with each answer, and old ones are good until the logout',
    { twists: [renews({ graceMs: Number.POSITIVE_INFINITY })] },
    renewed('inform'),
  ),
  variant(
    'a new id with each answer, and the logout ends only the newest',
    { twists: [renews({ graceMs: Number.POSITIVE_INFINITY, logout: 'newest' })] },
    outlives,
  ),
  variant(
    'a new id with each answer, and the logout ends only the newest: an earlier one is valid for a while, and can be renewed',
    { twists: [renews({ graceMs: 3000, logout: 'newest' })] },
    { ...outlives, ...renewed('pass') },
  ),
  variant(
    'a new id with each answer, and no logout ends the one it came with',
    { switches: { logout: 'nothing', logoutNonce: true }, twists: [renews()], recipe: logoutWithNonce },
    { ...outlives, ...renewed('pass') },
  ),
  variant(
    'look-alike: the logout ends the newest id, and the others are dead by then',
    { twists: [renews({ logout: 'newest' })] },
    renewed('pass'),
  ),
  variant(
    'a value signed anew with each answer, for a session that the server ends',
    { twists: [signsAnew(1)], only: unread },
    renewed('inform'),
  ),
  variant('a value signed anew once a second', { twists: [signsAnew(1000)], only: unread }, renewed('inform')),
  variant(
    'a value signed anew with each answer, for a session that no logout ends',
    { switches: { logout: 'nothing' }, twists: [signsAnew(1)], only: unread },
    outlives,
  ),
  variant(
    'a JWT signed anew once a second, for a session that the server ends',
    { twists: [signsAnew(1000, asJwt)], only: judged },
    { ...renewed('inform'), ...ofJwt },
  ),
  variant(
    'a JWT signed anew once a second, for a session that no logout ends',
    { switches: { logout: 'nothing' }, twists: [signsAnew(1000, asJwt)], only: judged },
    { ...outlives, ...ofJwt },
  ),
  variant('look-alike: the same id set again with each answer', { twists: [setsAgain] }),
  variant(
    'one of two sufficient cookies is renewed when it is used by itself',
    { switches: { carriers: 'either' }, twists: [renews({ cookie: 'auth', unlessHeld: 'sid' })] },
    { 'carriers/cookie auth: renewed': 'pass' },
    either,
  ),
  variant(
    'one of two sufficient cookies is renewed when it is used by itself, and outlives the logout',
    { switches: { carriers: 'either', logout: 'session' }, twists: [renews({ cookie: 'auth', unlessHeld: 'sid' })] },
    { 'carriers/cookie auth: renewed': 'pass', 'logout-ends-session/logout': 'fail' },
    either,
  ),
  variant(
    'one of two sufficient cookies is renewed with each answer',
    { switches: { carriers: 'either' }, twists: [renews()] },
    renewed('pass'),
    either,
  ),
]
