import { type Carrier, cookieCarrier, createSessions, type HeaderChange, memoryStore, type Sessions } from 'sojourn'
import { afterEach, describe, expect, it } from 'vitest'
import { toView } from './kit.ts'

/** As an author of an API would write one: the token in a header that only scripts send. */
function headerCarrier(name = 'x-session'): Carrier {
  return {
    name,
    ambient: false,
    vary: name,
    read: (view) => ({ values: [view.header(name) ?? ''].filter((text) => text !== ''), overflow: false }),
    write: (_, token) => [{ name, value: token, how: 'replace' }],
    clear: () => [{ name, value: '-', how: 'replace' }],
  }
}

const open: Sessions<Record<string, unknown>>[] = []

function create(carriers: readonly Carrier[]): Sessions<Record<string, unknown>> {
  const sessions = createSessions<Record<string, unknown>>({ store: memoryStore(), carriers, warn: () => {} })
  open.push(sessions)
  return sessions
}

afterEach(async () => {
  for (const sessions of open.splice(0)) await sessions.close()
})

function headerValue(headers: readonly HeaderChange[], name: string): string {
  return headers.find((header) => header.name === name)?.value ?? ''
}

/** Logs in on one carrier alone and answers what a request has to present there. */
async function tokenOn(sessions: Sessions<Record<string, unknown>>, user: string): Promise<string> {
  const { session, commit } = await sessions.open(toView())
  await session.login(user)
  return headerValue(await commit(), 'set-cookie').split(';', 1)[0] ?? ''
}

describe('several carriers', () => {
  it('the first one with a token is used, whatever the others carry', async () => {
    const sessions = create([headerCarrier(), cookieCarrier()])
    const [ada, bob] = [await tokenOn(sessions, 'ada'), await tokenOn(sessions, 'bob')]
    const headers = { 'x-session': ada.split('=')[1] ?? '' }
    const { session, commit } = await sessions.open(toView({ cookie: bob, headers }))
    expect(session.userId).toBe('ada')
    await session.rotate()
    const answer = await commit()
    expect(headerValue(answer, 'x-session')).not.toBe('')
    expect(headerValue(answer, 'set-cookie')).toBe('')
    expect((await sessions.open(toView({ cookie: bob }))).session.userId).toBe('bob')
  })

  it('a bad token on one is no way to a cookie that skipped the check of origins', async () => {
    const sessions = create([headerCarrier(), cookieCarrier()])
    const cookie = await tokenOn(sessions, 'ada')
    const crossSite = { method: 'POST', cookie, headers: { 'sec-fetch-site': 'cross-site' } }
    expect((await sessions.open(toView(crossSite))).answer).toMatchObject({ status: 403, reason: 'cross-origin' })
    const planted = { ...crossSite, headers: { ...crossSite.headers, 'x-session': 'garbage' } }
    const { answer, session } = await sessions.open(toView(planted))
    expect(answer).toBeNull()
    expect([session.userId, session.refused]).toEqual([null, 'malformed'])
  })

  it('the last one hands out the token when the client presents none', async () => {
    const sessions = create([headerCarrier('x-first'), headerCarrier('x-last')])
    const { session, commit } = await sessions.open(toView())
    await session.login('ada')
    const headers = await commit()
    expect(headerValue(headers, 'x-first')).toBe('')
    expect(headerValue(headers, 'x-last')).not.toBe('')
    const again = await sessions.open(toView({ headers: { 'x-last': headerValue(headers, 'x-last') } }))
    expect(again.session.userId).toBe('ada')
  })

  it('Vary lists the headers of all of them', async () => {
    const sessions = create([headerCarrier(), cookieCarrier()])
    const { session, commit } = await sessions.open(toView())
    expect(session.userId).toBeNull()
    expect(headerValue(await commit(), 'vary')).toBe('x-session, Cookie')
  })

  it('the ones that browsers attach by themselves come last', () => {
    expect(() => create([cookieCarrier(), headerCarrier()])).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringMatching(/x-session before cookie/) }),
    )
    expect(() => create([cookieCarrier(), cookieCarrier({ name: '__Host-other' })])).not.toThrow()
    expect(() => create([])).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})
