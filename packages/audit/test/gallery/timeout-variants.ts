import { bearerApp } from '../support/bearer-app.ts'
import type { CookieSwitches } from '../support/cookie-app.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'
import { appOf } from './cookie-variant.ts'
import { bearerRecipe, cookieRecipe } from './recipes.ts'
import type { Twist } from './twists.ts'
import { setCookies } from './twists.ts'
import type { Truth, Variant } from './variant.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

interface Limits {
  readonly idleMs?: number
  readonly absoluteMs?: number
}

/** The sessions that the application forgets, by the clock that the audit uses. */
function forgets(clock: FakeClock, { idleMs = Infinity, absoluteMs = Infinity }: Limits): Twist {
  const began = new Map<string, number>()
  const used = new Map<string, number>()
  return (app) => (ask) => {
    const now = clock.now()
    const key = ask.cookies.get('sid') ?? ask.headers.authorization ?? ''
    const since = began.get(key) ?? now
    const isOver = now - since >= absoluteMs || now - (used.get(key) ?? now) >= idleMs
    began.set(key, since)
    if (isOver) return app({ ...ask, cookies: new Map(), headers: { ...ask.headers, authorization: '' } })
    used.set(key, now)
    return app(ask)
  }
}

const only = ['timeouts']
const limits = (idle: Truth[string], absolute: Truth[string], byClient = false): Truth => ({
  'timeouts/idle limit': idle,
  'timeouts/absolute limit': absolute,
  ...(byClient && { 'timeouts/end by the client': 'fail' }),
})

interface More {
  readonly switches?: CookieSwitches
  readonly twists?: readonly Twist[]
  readonly says?: Variant['says']
  readonly patienceMs?: number
}

function cookie(name: string, limit: Limits, truth: Truth, more: More = {}): Variant {
  const { switches = {}, twists = [], patienceMs = HOUR, says = {} } = more
  const clock = fakeClock()
  const app = () => appOf({ switches, twists: [forgets(clock, limit), ...twists] })
  return { name: `time: ${name}`, app, recipe: cookieRecipe, only, patienceMs, clock, truth, says }
}

function bearer(name: string, limit: Limits, truth: Truth): Variant {
  const clock = fakeClock()
  const app = () => forgets(clock, limit)(bearerApp({ expiresInSeconds: 86_400 }))
  return { name: `time: bearer: ${name}`, app, recipe: bearerRecipe, only, patienceMs: HOUR, clock, truth }
}

const keptFor = (seconds: number) =>
  setCookies((line) => (line.includes('Max-Age') ? line : `${line}; Max-Age=${seconds}`))
const idleAfter = (seconds: number) => ({ 'timeouts/idle limit': new RegExp(`ended after ${seconds} s`) })

export const timeoutVariants: readonly Variant[] = [
  cookie('sessions without end', {}, limits('inform', 'inform')),
  cookie(
    'look-alike: limits beyond the patience',
    { idleMs: 2 * HOUR, absoluteMs: 8 * HOUR },
    limits('inform', 'inform'),
  ),
  cookie('only an idle limit', { idleMs: 10 * MINUTE }, limits('pass', 'inform'), { says: idleAfter(900) }),
  cookie('only an absolute limit', { absoluteMs: 40 * MINUTE }, limits('pass', 'pass'), { says: idleAfter(3600) }),
  cookie('both', { idleMs: 10 * MINUTE, absoluteMs: 40 * MINUTE }, limits('pass', 'pass'), { says: idleAfter(900) }),
  cookie('look-alike: an idle limit that is short beside the patience', { idleMs: MINUTE }, limits('pass', 'inform'), {
    says: idleAfter(450),
  }),
  cookie('an idle limit shorter than any pause', { idleMs: 5_000 }, limits('pass', 'cannot-judge')),
  cookie('an expiry that only the cookie contains', {}, limits('inform', 'inform', true), { twists: [keptFor(600)] }),
  cookie('look-alike: a cookie that lives longer than its session', { idleMs: 10 * MINUTE }, limits('pass', 'inform'), {
    twists: [keptFor(86_400)],
  }),
  cookie('a cookie that ends before its session', { absoluteMs: 40 * MINUTE }, limits('pass', 'pass', true), {
    twists: [keptFor(600)],
  }),
  cookie('look-alike: one session a user', {}, limits('cannot-judge', 'inform'), { switches: { oneSession: true } }),
  bearer('look-alike: a token that ends after a day', {}, limits('inform', 'inform')),
  bearer('an idle limit', { idleMs: 10 * MINUTE }, limits('pass', 'inform')),
]
