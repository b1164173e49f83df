import { type Carrier, cookieCarrier, type HeaderChange, type SessionId } from 'sojourn'
import { vouch } from 'sojourn/carriers/kit'
import { describe, expect, it } from 'vitest'
import {
  createClient,
  createWorld,
  HOUR,
  MINUTE,
  type RequestOptions,
  rejection,
  stayFor,
  type TestData,
  toView,
  type World,
  type WorldOptions,
} from './kit.ts'
import { createOldLibrary, OLD_NAME } from './old-library.ts'

/** A signed access token would say this. The signature is left out. */
function accessCarrier(more: Partial<Carrier> = {}): Carrier {
  return {
    name: 'access',
    ambient: false,
    readOnly: true,
    vary: 'X-Access',
    read(view) {
      const text = view.header('x-access') ?? ''
      return text === 'too many'
        ? { values: [], overflow: true }
        : { values: text === '' ? [] : text.split('|'), overflow: false }
    },
    translate: toVouched('record'),
    write: () => [],
    clear: () => [{ name: 'x-access', value: '-', how: 'replace' }],
    ...more,
  }
}

function toVouched(reads: 'record' | 'nothing'): NonNullable<Carrier['translate']> {
  return (text) => (text.startsWith('{') ? vouch({ ...JSON.parse(text), reads }) : 'malformed')
}

/** Our token in a header that only scripts send. */
const headerCarrier: Carrier = {
  name: 'header',
  ambient: false,
  vary: 'X-Token',
  read: (view) => ({ values: [view.header('x-token')].filter((text) => text !== null), overflow: false }),
  write: (_, token) => [{ name: 'x-token', value: token, how: 'replace' }],
  clear: () => [{ name: 'x-token', value: '-', how: 'replace' }],
}

interface Shop extends World<TestData> {
  /** Logs in a client of the cookie. */
  login(userId: string): Promise<{ readonly id: SessionId; readonly cookie: string; readonly token: string }>
  /** One request, which logs out. */
  logout(request: RequestOptions, everywhere?: boolean): Promise<readonly HeaderChange[]>
  userOf(cookie: string): Promise<string | null>
  says(id: SessionId, userId: string, lastsMs?: number): string
}

function createShop(first: Carrier, options: Partial<WorldOptions<TestData>> = {}): Shop {
  const world = createWorld<TestData>({ carriers: [first, cookieCarrier()], ...options })
  return {
    ...world,
    async login(userId) {
      const client = world.client()
      await client.send((session) => session.login(userId))
      const { value: id } = await client.send((session) => session.id)
      return { id, cookie: client.cookie(), token: client.token() ?? '' }
    },
    async logout(request, everywhere = false) {
      const { session, commit, finish } = await world.sessions.open(toView(request))
      await session.logout({ everywhere })
      const headers = await commit()
      await finish()
      return headers
    },
    userOf: async (cookie) => (await world.sessions.open(toView({ cookie }))).session.userId,
    says: (id, userId, lastsMs = MINUTE) => JSON.stringify({ id, userId, expiresAt: world.clock() + lastsMs }),
  }
}

const namesOf = (headers: readonly HeaderChange[]): string[] => headers.map(({ name }) => name)

describe('1 Ended is ended: a logout also ends the session in a cookie behind', () => {
  it.each<[string, (shop: Shop, id: SessionId) => string]>([
    ['an access token that has expired', ({ says }, id) => says(id, 'ada', -1)],
    ['an access token of another user', ({ says }, id) => says(id, 'eve')],
    ['an access token of a session that is gone', ({ says }) => says('A'.repeat(22) as SessionId, 'ada')],
    ['a text that is none', () => 'nothing of the kind'],
  ])('%s', async (_, toText) => {
    for (const reads of ['record', 'nothing'] as const) {
      const shop = createShop(accessCarrier({ translate: toVouched(reads) }))
      const { id, cookie } = await shop.login('ada')
      const headers = await shop.logout({ cookie, headers: { 'x-access': toText(shop, id) } })
      expect(await shop.kept(id)).toMatchObject({ kind: 'ended', reason: 'logout' })
      expect(shop.eventsOf('ended')).toHaveLength(1)
      expect(namesOf(headers)).toEqual(expect.arrayContaining(['x-access', 'set-cookie']))
    }
  })

  it('an access token that the carrier itself refuses', async () => {
    const shop = createShop(accessCarrier({ translate: () => 'expired' }))
    const { cookie } = await shop.login('ada')
    await shop.logout({ cookie, headers: { 'x-access': 'x' } })
    expect(await shop.userOf(cookie)).toBeNull()
  })

  it('an access token of another session, which ends too', async () => {
    for (const reads of ['record', 'nothing'] as const) {
      const shop = createShop(accessCarrier({ translate: toVouched(reads) }))
      const [ada, eve] = [await shop.login('ada'), await shop.login('eve')]
      await shop.logout({ cookie: ada.cookie, headers: { 'x-access': shop.says(eve.id, 'eve') } })
      for (const { id } of [ada, eve]) expect(await shop.kept(id)).toMatchObject({ kind: 'ended', reason: 'logout' })
    }
  })

  it('an access token of the same session, which ends once', async () => {
    const shop = createShop(accessCarrier())
    const { id, cookie } = await shop.login('ada')
    await shop.logout({ cookie, headers: { 'x-access': shop.says(id, 'ada') } })
    expect(shop.eventsOf('ended')).toMatchObject([{ id, userId: 'ada', reason: 'logout' }])
  })

  it('our own token in a header, live or dead', async () => {
    const shop = createShop(headerCarrier)
    const [ada, bob, eve] = [await shop.login('ada'), await shop.login('bob'), await shop.login('eve')]
    const headers = await shop.logout({ cookie: bob.cookie, headers: { 'x-token': ada.token } })
    expect([await shop.userOf(ada.cookie), await shop.userOf(bob.cookie)]).toEqual([null, null])
    expect(namesOf(headers)).toEqual(expect.arrayContaining(['x-token', 'set-cookie']))
    await shop.logout({ cookie: eve.cookie, headers: { 'x-token': ada.token } })
    expect(await shop.userOf(eve.cookie)).toBeNull()
  })

  it('two live cookies, both', async () => {
    const shop = createShop(accessCarrier())
    const [ada, bob] = [await shop.login('ada'), await shop.login('bob')]
    const request = { cookie: `${ada.cookie}; ${bob.cookie}`, headers: { 'x-access': 'x' } }
    await shop.logout(request)
    expect([await shop.userOf(ada.cookie), await shop.userOf(bob.cookie)]).toEqual([null, null])
  })

  it('and all sessions of its user, if the logout is everywhere', async () => {
    const shop = createShop(accessCarrier())
    const [phone, laptop, bob] = [await shop.login('ada'), await shop.login('ada'), await shop.login('bob')]
    await shop.logout({ cookie: phone.cookie, headers: { 'x-access': 'x' } }, true)
    expect([await shop.userOf(laptop.cookie), await shop.userOf(bob.cookie)]).toEqual([null, 'bob'])
  })

  it('a dead cookie behind a live token: nothing fails, and the copy is cleared', async () => {
    const shop = createShop(accessCarrier())
    const [ada, dead] = [await shop.login('ada'), await shop.login('ada')]
    await shop.sessions.revoke(dead.id)
    const headers = await shop.logout({ cookie: dead.cookie, headers: { 'x-access': shop.says(ada.id, 'ada') } })
    expect(await shop.userOf(ada.cookie)).toBeNull()
    expect(headers).toContainEqual(
      expect.objectContaining({ name: 'set-cookie', value: expect.stringContaining('Max-Age=0') }),
    )
  })

  it('a renewal that ran meanwhile is no evidence of a copy', async () => {
    const shop = createShop(accessCarrier())
    const client = shop.client()
    await client.send((session) => session.login('ada'))
    await stayFor(shop, client, HOUR - MINUTE)
    shop.clock.advance(2 * MINUTE)
    const slow = await client.open({ cookie: client.cookie(), headers: { 'x-access': 'x' } })
    await client.send(() => {})
    const { value: id } = await client.send((session) => session.id)
    expect(shop.eventsOf('renewed')).toHaveLength(1)
    shop.clock.advance(10 * MINUTE)
    await slow.session.logout()
    expect(shop.eventsOf('reuse')).toEqual([])
    expect(await shop.kept(id)).toMatchObject({ kind: 'ended', reason: 'logout' })
  })

  it('also where no header can be set', async () => {
    const shop = createShop(accessCarrier())
    const { cookie } = await shop.login('ada')
    const view = toView({ cookie, headers: { 'x-access': 'x' } })
    const { session, commit } = await shop.sessions.open({ ...view, canSetHeaders: false })
    await session.logout()
    expect(await commit()).toEqual([])
    expect(await shop.userOf(cookie)).toBeNull()
  })
})

describe('a logout that cannot end what the client presents fails, and ends nothing', () => {
  it.each([
    ['a first carrier', true],
    ['a second carrier', false],
  ])('more texts than %s reads', async (_, isFirst) => {
    const shop = createShop(accessCarrier())
    const { id, cookie, token } = await shop.login('ada')
    const strays = Array.from({ length: 8 }, (_, i) => `__Host-session=${`${i}`.repeat(53)}A`).join('; ')
    const request = isFirst
      ? { cookie, headers: { 'x-access': 'too many' } }
      : { cookie: `${strays}; ${cookie}`, headers: { 'x-access': shop.says(id, 'ada') } }
    expect(await rejection(shop.logout(request))).toMatchObject({
      code: 'ERR_TOO_MANY_TOKENS',
      status: 400,
      message: expect.stringContaining('Nothing was ended.'),
    })
    expect(await shop.userOf(cookie)).toBe('ada')
    expect(token).not.toBe('')
  })

  it('7 Fail closed: a carrier that cannot judge', async () => {
    const failing = accessCarrier({
      name: 'second',
      vary: 'X-Second',
      read: (view) => ({ values: [view.header('x-second')].filter((text) => text !== null), overflow: false }),
      translate: () => Promise.reject(new Error('its key set cannot be fetched')),
    })
    const shop = createShop(accessCarrier(), { carriers: [accessCarrier(), failing, cookieCarrier()] })
    const { id, cookie } = await shop.login('ada')
    const request = { cookie, headers: { 'x-access': shop.says(id, 'ada'), 'x-second': 'x' } }
    expect(await rejection(shop.logout(request))).toMatchObject({ code: 'ERR_CARRIER', status: 503 })
    expect(await shop.userOf(cookie)).toBe('ada')
  })

  it.each(['read', 'end'] as const)('7 Fail closed: a store that fails to %s', async (operation) => {
    const shop = createShop(accessCarrier())
    const { cookie } = await shop.login('ada')
    shop.store.fail(operation)
    const request = { cookie, headers: { 'x-access': 'x' } }
    expect(await rejection(shop.logout(request))).toMatchObject({ code: 'ERR_STORE' })
    expect(await shop.userOf(cookie)).toBe('ada')
    await shop.logout(request)
    expect(await shop.userOf(cookie)).toBeNull()
  })
})

it('a page of another site that adds a text to the URL cannot log out the user of the cookie', async () => {
  const ticketCarrier = accessCarrier({
    read: (view) => ({ values: /[?]ticket=(\w+)/.exec(view.url)?.slice(1) ?? [], overflow: false }),
  })
  const shop = createShop(ticketCarrier)
  const { cookie } = await shop.login('ada')
  const forged = { method: 'POST', url: '/logout?ticket=x', cookie, headers: { 'sec-fetch-site': 'cross-site' } }
  await shop.logout(forged)
  expect(await shop.userOf(cookie)).toBe('ada')
  expect(shop.eventsOf('denied')).toMatchObject([{ guard: 'cross-origin' }])
  await shop.logout({ ...forged, headers: { 'sec-fetch-site': 'same-origin' } })
  expect(await shop.userOf(cookie)).toBeNull()
})

it('a copy of another library’s cookie, which was not looked at because ours counted, opens nothing after a logout', async () => {
  const old = createOldLibrary()
  const world = createWorld<TestData>({ carriers: [cookieCarrier(), old.carrier] })
  old.rows.set('row1', { userId: 'ada', data: {}, until: world.clock() + 100 * MINUTE })
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const copy = `${OLD_NAME}=${old.sign('row1')}`
  await client.send((session) => session.logout(), { cookie: `${client.cookie()}; ${copy}` })
  const thief = createClient(world.sessions)
  expect((await thief.send((session) => [session.userId, session.refused], { cookie: copy })).value).toEqual([
    null,
    'ended',
  ])
})

describe('5 Fresh token: a login whose token replaces a cookie', () => {
  it('ends the session of that cookie, although another carrier counted', async () => {
    const shop = createShop(accessCarrier())
    const { id, cookie } = await shop.login('ada')
    const { session, commit } = await shop.sessions.open(toView({ cookie, headers: { 'x-access': 'x' } }))
    await session.login('bob')
    await commit()
    expect(await shop.kept(id)).toMatchObject({ kind: 'ended', reason: 'login' })
  })

  it('leaves a cookie alone that it does not replace', async () => {
    const shop = createShop(headerCarrier)
    const { cookie } = await shop.login('ada')
    const { session, commit } = await shop.sessions.open(toView({ cookie, headers: { 'x-token': 'x' } }))
    await session.login('bob')
    expect(namesOf(await commit())).not.toContain('set-cookie')
    expect(await shop.userOf(cookie)).toBe('ada')
  })
})

describe('two texts on one carrier, one of them an access token that names the wrong user', () => {
  it('a logout does not end the session of that id', async () => {
    const shop = createShop(accessCarrier({ translate: toVouched('nothing') }))
    const [ada, bob] = [await shop.login('ada'), await shop.login('bob')]
    const { expiresAt } = await shop.record(bob.id)
    await shop.logout({ headers: { 'x-access': `${shop.says(ada.id, 'eve')}|${shop.says(bob.id, 'bob')}` } })
    expect(await shop.userOf(ada.cookie)).toBe('ada')
    expect(await shop.kept(bob.id)).toMatchObject({ kind: 'ended', reason: 'logout', expiresAt })
  })

  it('two that are right open neither, and a logout ends both', async () => {
    const shop = createShop(accessCarrier({ translate: toVouched('nothing') }))
    const [ada, bob] = [await shop.login('ada'), await shop.login('bob')]
    const text = `${shop.says(ada.id, 'ada')}|${shop.says(bob.id, 'bob')}`
    const { session } = await shop.sessions.open(toView({ headers: { 'x-access': text } }))
    expect([session.userId, session.refused]).toEqual([null, 'ambiguous'])
    await session.logout()
    expect([await shop.userOf(ada.cookie), await shop.userOf(bob.cookie)]).toEqual([null, null])
  })
})
