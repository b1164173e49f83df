import { inspect } from 'node:util'
import type { Session } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, rejection, type TestData } from './kit.ts'

/** As code without types, in sloppy mode, would: there a refused assignment is no error by itself. */
const sloppy = (body: string) => new Function('session', body) as (session: Session<TestData>) => unknown

async function open(): Promise<Session<TestData>> {
  const client = createWorld().client()
  await client.send(edit({ n: 1 }))
  return (await client.open()).session
}

describe('state written to the session itself, as for express-session, is an error on that line: it would be lost in silence', () => {
  it.each<[string, string, string]>([
    ['a counter', 'session.views = 1', 'session.views'],
    ['an OAuth state', "session['oauth2:host.example'] = { state: 'x' }", 'session["oauth2:host.example"]'],
    ['a CSRF secret', "session.csrfSecret = 'x'", 'session.csrfSecret'],
    ['connect-flash', 'session.flash = session.flash || {}', 'session.flash'],
    ['into the flash', "session.flash.info = ['saved']", 'session.info'],
    ['a name of the session, read-only', "session.userId = 'ada'", 'session.userId'],
    ['a verb', 'session.login = function () {}', 'session.login'],
    ['several', 'Object.assign(session, { views: 1 })', 'session.views'],
    ['a name that every object has', 'session.toString = function () {}', 'session.toString'],
    ['the prototype', 'session.__proto__ = {}', 'session.__proto__'],
    ['through an heir', 'Object.create(session).views = 1', 'session.views'],
  ])('%s', async (_, code, name) => {
    const session = await open()
    const error = await rejection(() => sloppy(code)(session))
    expect(error).toMatchObject({ name: 'SessionError', code: 'ERR_MISUSE', status: 500 })
    expect(error.message).toContain(`${name} cannot be set`)
    expect(error.message).toContain('session.data')
    expect(error.message).toContain('express-session')
    expect(error.stack).toContain('eval')
  })

  it('a value is not in the message', async () => {
    const session = await open()
    const error = await rejection(() => sloppy("session.secret = 'hunter2'")(session))
    expect(error.message).not.toContain('hunter2')
  })
})

describe('a session is otherwise an object like any other', () => {
  it('data can be assigned, and so can its keys', async () => {
    const session = await open()
    session.data = { n: 2 }
    session.data.n = 3
    expect({ ...session.data }).toEqual({ n: 3 })
  })

  it('unknown names read as undefined, also the ones that others look for', async () => {
    const session = (await open()) as unknown as Record<string, unknown>
    for (const name of ['cookie', 'regenerate', 'then', 'toJSON', 'views']) {
      expect(session[name]).toBeUndefined()
      expect(name in session).toBe(false)
    }
    expect(await session).toBe(session)
  })

  it('can be inspected, printed and compared', async () => {
    const session = await open()
    expect(inspect(session)).toContain('RequestSession')
    expect(inspect(session.flash)).toContain('take')
    expect(JSON.stringify(session)).toBe('{}')
    expect(String(session)).toBe('[object Object]')
    expect(session instanceof Object).toBe(true)
    expect(Object.keys(session)).toEqual([])
    expect(Object.hasOwn(session, 'id')).toBe(false)
  })

  it('tools may mark it with a symbol', async () => {
    const session = (await open()) as unknown as Record<symbol, unknown>
    const mark = Symbol('traced')
    session[mark] = 1
    expect(session[mark]).toBe(1)
    expect(((await open()) as unknown as Record<symbol, unknown>)[mark]).toBeUndefined()
  })

  it('its verbs may be taken out and called on it', async () => {
    const session = await open()
    const { update } = session
    expect(await update.call(session, 'n', () => 4)).toBe(4)
  })
})
