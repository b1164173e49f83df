import { type AuditRequest, auditApplication, checks } from '@sojourn/audit'
import { describe, expect, test, vi } from 'vitest'
import { cookieRecipe } from './gallery/recipes.ts'
import { renews } from './gallery/rotation-twists.ts'
import type { Twist } from './gallery/twists.ts'
import { ALICE, cookieApp } from './support/cookie-app.ts'
import { serve } from './support/serve.ts'
import { type App, type Ask, listenerOf } from './support/web.ts'

vi.setConfig({ testTimeout: 300_000 })

const RUN = [
  'carriers',
  'fixation',
  'logout-ends-session',
  'cross-site-requests',
  'logout-everywhere',
  'password-change',
]

/** Every id that was given out, and whether it is logged in. */
function watched(app: App) {
  const ids = new Set<string>()
  let asked = 0
  let onAsk: (count: number) => Promise<void> | undefined = () => undefined
  const account = (sid: string): Ask => ({
    method: 'GET',
    path: '/account',
    query: new URLSearchParams(),
    cookies: new Map([['sid', sid]]),
    headers: {},
    body: {},
  })
  return {
    served: async (ask: Ask) => {
      const slow = onAsk(++asked)
      const reply = await app(ask)
      // The answer comes after the interruption.
      await slow
      for (const line of reply.cookies ?? []) ids.add(/^sid=([^;]*)/.exec(line)?.[1] ?? '')
      return reply
    },
    count: () => asked,
    onAsk: (work: typeof onAsk) => {
      onAsk = work
    },
    async alive() {
      const replies = []
      for (const sid of ids) replies.push(await app(account(sid)))
      return replies.filter(({ html }) => html?.includes('Account of') === true).length
    },
  }
}

/** An audit that is interrupted while the request of this number is under way. */
async function interrupted(at: number, request: Partial<AuditRequest>, twist: Twist = (app) => app) {
  const inner = cookieApp({ forgery: 'token', renewsAtPasswordChange: true })
  const app = watched(twist(inner))
  const served = await serve(listenerOf(app.served))
  const control = new AbortController()
  app.onAsk((count) => {
    if (count !== at) return undefined
    control.abort(new Error('interrupted'))
    return new Promise((resolve) => setTimeout(resolve, 20))
  })
  try {
    const report = await auditApplication({
      target: served.url,
      user: ALICE,
      allowChanges: true,
      rate: 10_000,
      checks: checks.filter(({ id }) => RUN.includes(id)),
      signal: control.signal,
      ...request,
    }).catch((error: Error) => error.message)
    const leftBehind = typeof report === 'string' ? [] : report.leftBehind
    return { requests: app.count(), left: [inner.password(), await app.alive(), leftBehind] }
  } finally {
    await served.close()
  }
}

const NOTHING = [ALICE.password, 0, []]

describe('an audit that is interrupted at any moment leaves the password as it was, and no session', () => {
  const sweep = async (request: Partial<AuditRequest>, step: number, twist?: Twist) => {
    const { requests, left } = await interrupted(-1, request, twist)
    expect(left).toEqual(NOTHING)
    for (let at = 1; at <= requests; at += step) {
      expect({ at, left: (await interrupted(at, request, twist)).left }).toEqual({ at, left: NOTHING })
    }
  }

  test('with a recipe', () => sweep({ recipe: cookieRecipe }, 2))

  test('while the login is looked for', () => sweep({ checks: [] }, 2))

  test('where ids are renewed with each answer', () => sweep({ recipe: cookieRecipe }, 5, renews()))
})
