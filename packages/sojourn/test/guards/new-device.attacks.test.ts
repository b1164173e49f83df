import { english, type NewDeviceText } from 'sojourn/guards/new-device'
import { describe, expect, test } from 'vitest'
import { createWorld, DAY, HOUR, type TestData } from '../core/kit.ts'
import { agents } from './anomaly/agents.ts'
import {
  ABROAD,
  by,
  CHROME,
  FIREFOX,
  HOME,
  KEY,
  locate,
  ORIGIN,
  OTHER_KEY,
  openShop,
  PATH,
} from './new-device/world.ts'

/** The user at home, and somebody who knows their password. */
async function attacked(options: Parameters<typeof openShop>[0] = {}) {
  const shop = openShop(options)
  const [owner, thief] = [shop.client(), shop.client()]
  const ownerId = await shop.logIn(owner)
  const thiefId = await shop.logIn(thief, FIREFOX)
  const { link } = shop.lastNotice()
  shop.events.length = 0
  return { ...shop, owner, thief, ownerId, thiefId, link }
}

describe('the link', () => {
  test('ends all sessions of the user, without a login and on another browser, and the application is called', async () => {
    const { press, link, isLive, ownerId, thiefId, disowned, logIn, client, eventsOf, clock } = await attacked()
    const other = await logIn(client(), CHROME, 'bob')
    const page = await press(link)
    expect([page.status, page.body.includes('All devices are logged out')]).toEqual([200, true])
    expect([await isLive(ownerId), await isLive(thiefId), await isLive(other)]).toEqual([false, false, true])
    expect(disowned).toEqual([{ userId: 'ada', id: thiefId, loggedInAt: new Date(clock()), count: 2 }])
    expect(eventsOf('ended')).toEqual([
      expect.objectContaining({
        id: thiefId,
        userId: 'ada',
        reason: 'disowned',
        request: expect.objectContaining({ path: PATH }),
      }),
      expect.objectContaining({ id: ownerId, reason: 'disowned' }),
    ])
    expect(eventsOf('finding').at(-1)).toMatchObject({ finding: 'disowned', id: thiefId, userId: 'ada', score: 1 })
  })

  test('with ends: session, ends only the session of the mail', async () => {
    const { press, link, isLive, ownerId, thiefId, disowned } = await attacked({ ends: 'session' })
    await press(link)
    expect([await isLive(ownerId), await isLive(thiefId), disowned[0]?.count]).toEqual([true, false, 1])
  })

  test('still works after the thief logged out, for the thief knows the password', async () => {
    const { press, link, thief, isLive, ownerId, disowned } = await attacked()
    await thief.send((session) => session.logout())
    await press(link)
    expect([await isLive(ownerId), disowned.length]).toEqual([false, 1])
  })

  test.each<[what: string, method: string, headers: Readonly<Record<string, string>>]>([
    ['a mail scanner', 'GET', { 'user-agent': 'Mozilla/5.0 (compatible; SafeLinks)' }],
    ['a mail scanner that asks for the headers only', 'HEAD', {}],
    ['a browser that prefetches', 'GET', { 'sec-purpose': 'prefetch;prerender', purpose: 'prefetch' }],
  ])('prefetch: %s ends nothing, and does not use the link up', async (_, method, headers) => {
    const { visit, press, link, isLive, ownerId, thiefId, disowned, store } = await attacked()
    const writes = () => store.count('create') + store.count('write') + store.count('end')
    const before = writes()
    for (let i = 0; i < 3; i++) expect((await visit(link, { method, headers })).status).toBe(200)
    expect([await isLive(ownerId), await isLive(thiefId), disowned.length, writes()]).toEqual([true, true, 0, before])
    expect((await press(link)).status).toBe(200)
    expect(disowned.length).toBe(1)
  })

  test('forged: a link that was changed in any character, or made with another key, ends nothing and reads nothing', async () => {
    const { press, visit, link, isLive, thiefId, disowned, store } = await attacked()
    const other = await attacked({ keys: [OTHER_KEY] })
    const key = link.slice(link.indexOf('=') + 1)
    const at = Array.from({ length: key.length - 1 }, (_, i) => i)
    const changed = at.map((i) => key.slice(0, i) + (key[i] === 'A' ? 'B' : 'A') + key.slice(i + 1))
    const forged = [
      ...changed.map((text) => `${PATH}?k=${text}`),
      other.link,
      PATH,
      `${PATH}?k=`,
      `${PATH}?k=${key}&k=${key}`,
      `${PATH}?k=${key.slice(0, -4)}`,
      `${PATH}?k=${'A'.repeat(100_000)}`,
      `${PATH}?k=%00%ff<script>`,
    ]
    const reads = store.count('read')
    for (const each of forged) {
      expect((await press(each)).status, each).toBe(404)
      expect((await visit(each)).status, each).toBe(404)
    }
    expect([await isLive(thiefId), disowned.length, store.count('read') - reads]).toEqual([true, 0, 0])
  })

  test('a cookie of known devices is no link, and a link is no such cookie', async () => {
    const { press, link, thief, isLive, thiefId, client, logIn, notices } = await attacked()
    const cookie = [...thief.jar.values()].find((pair) => pair.startsWith('__Host-known-devices='))
    const value = cookie?.slice(cookie.indexOf('=') + 1)
    expect((await press(`${PATH}?k=${value}`)).status).toBe(404)
    expect(await isLive(thiefId)).toBe(true)
    const browser = client()
    browser.jar.set('__Host-known-devices Path=/', `__Host-known-devices=${link.slice(link.indexOf('=') + 1)}`)
    await logIn(browser, by(agents.edgeWindows(140)))
    expect(notices.at(-1)?.finding).toBe('new-device')
  })

  test('replayed: a link that was used ends no session that began later, whatever its spelling', async () => {
    const { press, visit, link, logIn, client, isLive, disowned, clock } = await attacked()
    await press(link)
    clock.advance(HOUR)
    const fresh = await logIn(client())
    for (const each of [link, `${link}&utm_source=mail`, `${link}#x`.replace('#x', '')]) {
      expect([(await press(each)).status, (await visit(each)).status]).toEqual([410, 410])
    }
    expect([await isLive(fresh), disowned.length]).toEqual([true, 1])
  })

  test('replayed at the same moment: a double click calls the application once', async () => {
    const { press, link, disowned } = await attacked()
    const pages = await Promise.all([press(link), press(link), press(link)])
    expect([pages.map(({ status }) => status), disowned.length]).toEqual([[200, 200, 200], 1])
  })

  test('replayed on another server with the same store: refused', async () => {
    const { press, link, node, guardOf, disowned } = await attacked()
    const guard = guardOf()
    const sessions = node({ guards: [guard] })
    await press(link)
    const url = link.replace(ORIGIN, '')
    const view = { method: 'POST', url, secure: true, peer: null, header: () => null }
    expect((await sessions.open(view)).answer?.status).toBe(410)
    expect(disowned.length).toBe(1)
  })

  test('of another user: the link of one user ends nothing of another one', async () => {
    const { press, client, logIn, lastNotice, isLive, ownerId } = await attacked()
    const mallory = await logIn(client(), by(agents.safariMac(18)), 'mallory')
    await press(lastNotice().link)
    expect([await isLive(mallory), await isLive(ownerId)]).toEqual([false, true])
  })

  test('expired: after seven days, it ends nothing', async () => {
    const { press, visit, link, isLive, logIn, client, clock, disowned } = await attacked()
    clock.advance(7 * DAY - 1)
    expect((await visit(link)).status).toBe(200)
    clock.advance(1)
    const fresh = await logIn(client())
    expect([(await visit(link)).status, (await press(link)).status]).toEqual([410, 410])
    expect([await isLive(fresh), disowned.length]).toEqual([true, 0])
  })

  test('pressed by a page of another site: refused, and a browser without Sec-Fetch-Site may press it', async () => {
    const { press, link, isLive, thiefId, disowned } = await attacked()
    for (const site of ['cross-site', 'same-site', 'something new']) {
      expect((await press(link, { 'sec-fetch-site': site, origin: 'https://evil.example' })).status).toBe(403)
    }
    expect([await isLive(thiefId), disowned.length]).toEqual([true, 0])
    // The page sends no referrer, so its origin is hidden.
    expect((await press(link, { origin: 'null' })).status).toBe(200)
    expect(disowned.length).toBe(1)
  })

  test('host header poisoning: the link leads to the origin of the options, whatever the request says', async () => {
    const { client, logIn, lastNotice } = openShop()
    const headers = {
      ...CHROME.headers,
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
    }
    await logIn(client(), { ...CHROME, headers })
    const { link, mail } = lastNotice()
    expect(link.startsWith(`${ORIGIN}${PATH}?k=`)).toBe(true)
    expect(JSON.stringify(mail)).not.toContain('evil')
  })

  test('HTML injection: nothing that a client or an application writes becomes markup or a new line of the subject', async () => {
    const evil = '"><script>alert(1)</script>\r\nBcc: all@shop.example'
    const { client, logIn, lastNotice, visit } = openShop({ site: evil, locate: () => ({ country: evil }) })
    await logIn(client(), by(`Firefox/${evil} ${evil}`), evil)
    const { mail, link, country } = lastNotice()
    const page = await visit(link)
    expect(country).toBeNull()
    expect(mail.subject).not.toMatch(/[\r\n]/)
    for (const html of [mail.html, page.body]) expect(html).not.toContain('<script')
    expect(mail.text).not.toMatch(/^Bcc/m)
  })

  test('says nothing in the clear: neither the user id nor the session id is in the link', async () => {
    const { link, thiefId } = await attacked()
    const bytes = Buffer.from(link.slice(link.indexOf('=') + 1), 'base64url').toString('latin1')
    expect([bytes.includes('ada'), bytes.includes(thiefId), link.includes(thiefId)]).toEqual([false, false, false])
  })

  test('no token of a session is in the notice, the mail, the events or the page', async () => {
    const { client, logIn, lastNotice, visit, events } = openShop()
    const browser = client()
    await logIn(browser)
    const token = browser.token() ?? 'none'
    const page = await visit(lastNotice().link)
    expect(JSON.stringify([lastNotice(), page, events])).not.toContain(token)
    const key = lastNotice().link.split('=')[1]
    expect(JSON.stringify(events)).not.toContain(key)
  })

  test('its page is kept by no cache and no index, sends no referrer, loads nothing and cannot be framed', async () => {
    const { visit, link } = await attacked()
    const { headers = {} } = await visit(link)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'x-robots-tag': 'noindex, nofollow, noarchive',
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; .*form-action 'self'; frame-ancestors 'none'/,
      ),
    })
  })

  test.each([['PUT'], ['DELETE'], ['OPTIONS'], ['TRACE']])('%s is no way to use it', async (method) => {
    const { visit, link, isLive, thiefId } = await attacked()
    const page = await visit(link, { method })
    expect([page.status, page.headers?.allow, await isLive(thiefId)]).toEqual([405, 'GET, HEAD, POST', true])
  })

  test('fail closed: while the store is down it is not used up, and the user can press the button again', async () => {
    const { press, link, store, isLive, ownerId, disowned, eventsOf } = await attacked()
    store.fail('list')
    const page = await press(link)
    expect([page.status, page.headers?.['retry-after'], disowned.length]).toEqual([503, '5', 0])
    expect(eventsOf('fault').length).toBeGreaterThan(0)
    expect((await press(link)).status).toBe(200)
    expect([await isLive(ownerId), disowned.length]).toEqual([false, 1])
  })

  test('fail closed: while the application cannot demand a new password, the link is not used up', async () => {
    let isDown = true
    const { press, link, isLive, thiefId, eventsOf } = await attacked({
      disowned: () => (isDown ? Promise.reject(new Error('down')) : undefined),
    })
    expect([(await press(link)).status, await isLive(thiefId)]).toEqual([503, false])
    expect(eventsOf('fault')).toEqual([expect.objectContaining({ operation: 'guard new-device' })])
    isDown = false
    expect((await press(link)).status).toBe(200)
    expect((await press(link)).status).toBe(410)
  })

  test('pressed in a browser that is logged in: that session ends too, and its cookie opens nothing', async () => {
    const { link, owner, sessions } = await attacked()
    const url = link.replace(ORIGIN, '')
    const exchange = await owner.open({ method: 'POST', url, headers: { 'sec-fetch-site': 'same-origin' } })
    expect(exchange.answer?.status).toBe(200)
    owner.receive(await exchange.commit())
    expect((await owner.send((session) => [session.userId, session.refused])).value).toEqual([null, 'ended'])
    expect(await sessions.list('ada')).toEqual([])
  })
})

describe('the cookie of known devices', () => {
  const KNOWN = '__Host-known-devices Path=/'

  test('forged: a cookie that was changed, or made with another key, makes nobody known', async () => {
    const { owner, client, logIn, notices } = await attacked()
    const pair = owner.jar.get(KNOWN) ?? ''
    const others = await attacked({ keys: [OTHER_KEY] })
    const forged = [
      pair.slice(0, -2) + (pair.endsWith('AA') ? 'BB' : 'AA'),
      others.owner.jar.get(KNOWN) ?? '',
      `__Host-known-devices=${Buffer.from(JSON.stringify([['x', 'y', 'chrome', 'windows', '', 1e15]])).toString('base64url')}`,
      `__Host-known-devices=${'A'.repeat(4000)}`,
      '__Host-known-devices=%00',
    ]
    for (const [i, each] of forged.entries()) {
      const browser = client()
      browser.jar.set(KNOWN, each)
      // From another network each, so that none is like a live session.
      await logIn(browser, by(agents.chromeWindows(142), `100.64.${i}.1`))
      expect(notices.at(-1)?.finding, each).toBe('new-device')
    }
    expect(notices.length).toBe(2 + forged.length)
  })

  test('copied to another browser: the user is told that it was copied', async () => {
    const { owner, client, logIn, notices, eventsOf } = await attacked({ locate })
    for (const agent of [agents.firefoxWindows(140), agents.chromeLinux(142), agents.curl(8), 'a thief', '']) {
      const thief = client()
      thief.jar.set(KNOWN, owner.jar.get(KNOWN) ?? '')
      await logIn(thief, by(agent, ABROAD))
      expect(notices.at(-1)?.finding, agent).toBe('device-copied')
    }
    expect(eventsOf('finding').at(-1)).toMatchObject({ finding: 'device-copied', score: 0.7 })
    expect(eventsOf('finding')[0]?.message).toContain('it belongs to Chrome on Windows')
  })

  test('copied to the same browser in another country: the user is told about the place', async () => {
    const { owner, client, logIn, notices } = await attacked({ locate })
    const thief = client()
    thief.jar.set(KNOWN, owner.jar.get(KNOWN) ?? '')
    await logIn(thief, by(agents.chromeWindows(142), ABROAD))
    expect(notices.at(-1)?.finding).toBe('new-place')
  })

  test('of one user does not make another user known', async () => {
    const { owner, logIn, notices } = await attacked()
    await logIn(owner, CHROME, 'mallory')
    expect(notices.at(-1)).toMatchObject({ userId: 'mallory', finding: 'new-device' })
  })

  test('of a thief counts for nothing once the user disowned the login, and the user is told again', async () => {
    const { press, link, thief, logIn, notices } = await attacked()
    await press(link)
    const before = notices.length
    await logIn(thief, FIREFOX)
    expect([notices.length, notices.at(-1)?.finding]).toEqual([before + 1, 'new-device'])
  })

  test('is not given to a private window of the thief, which would stay known after the user disowned the login', async () => {
    const { press, link, client, logIn, notices } = await attacked()
    const window = client()
    await logIn(window, FIREFOX)
    await press(link)
    const before = notices.length
    await logIn(window, FIREFOX)
    expect(notices.length).toBe(before + 1)
  })

  test('planted twice: several cookies never fail a login', async () => {
    const { owner, sessions, logIn, client, notices } = await attacked()
    expect(sessions).toBeDefined()
    const browser = client()
    browser.jar.set('a', '__Host-known-devices=planted')
    browser.jar.set('b', owner.jar.get(KNOWN) ?? '')
    await logIn(browser, { ...CHROME, peer: HOME })
    expect(notices.length).toBe(2)
  })
})

test('the key of the sessions can be used for both: no text of one purpose is valid for the other', async () => {
  const { client, logIn, notices, sessions } = openShop({}, { keys: [KEY] })
  const browser = client()
  await logIn(browser)
  await logIn(browser)
  expect([notices.length, (await sessions.list('ada')).length]).toEqual([1, 1])
})

describe('a login that nobody may hide', () => {
  test('the text function fails for what a client sends: the user is told in English, and the fault is an event', async () => {
    const { client, logIn, lastNotice, eventsOf } = openShop({
      text(view) {
        // Throws a RangeError for a text that is no language.
        return { ...english, language: new Intl.Locale(view.header('accept-language') ?? 'en').language }
      },
    })
    await logIn(client(), { ...CHROME, headers: { ...CHROME.headers, 'accept-language': '%%%' } })
    expect([lastNotice().mail.subject, eventsOf('fault').length]).toEqual([
      'New login to shop.example: Chrome on Windows',
      1,
    ])
  })

  test.each<[what: string, text: NewDeviceText]>([
    ['throws', { ...english, subject: () => JSON.parse('{') }],
    ['misses members', { language: 'de' } as NewDeviceText],
  ])('a text that %s: the user is told in English', async (_, text) => {
    const { client, logIn, lastNotice } = openShop({ text })
    await logIn(client())
    expect(lastNotice().mail.subject).toBe('New login to shop.example: Chrome on Windows')
  })

  test('the page of the link fails for what a client sends: no handler runs, and the button works', async () => {
    const shop = openShop({
      text: (view) => ({ ...english, language: new Intl.Locale(view.header('accept-language') ?? 'en').language }),
    })
    const id = await shop.logIn(shop.client())
    const headers = { 'sec-fetch-site': 'same-origin', 'accept-language': '%%%' }
    for (const method of ['GET', 'PUT']) await shop.visit(shop.lastNotice().link, { method, headers })
    expect((await shop.press(shop.lastNotice().link, headers)).status).toBe(200)
    expect(await shop.isLive(id)).toBe(false)
  })

  test.each<[operation: 'list' | 'read']>([['list'], ['read']])(
    'the store cannot answer (%s) while the guard asks: the user is told',
    async (operation) => {
      const { owner, client, logIn, store, notices, eventsOf } = await attacked()
      const faults = () => eventsOf('fault').filter((fault) => fault.operation === 'guard new-device')
      const before = notices.length
      await owner.send((session) => session.logout())
      store.fail(operation)
      await logIn(operation === 'list' ? client() : owner, operation === 'list' ? by(agents.safariMac(18)) : CHROME)
      expect([notices.length - before, faults().length]).toEqual([1, 1])
    },
  )

  test('all clients have the address of a proxy that is not trusted: a thief with the same browser is not like the owner', async () => {
    const { client, logIn, notices } = openShop()
    const behind = (address: string) => ({
      headers: { ...CHROME.headers, 'x-forwarded-for': address },
      peer: '10.0.0.2',
    })
    await logIn(client(), behind(HOME))
    await logIn(client(), behind(ABROAD))
    expect(notices.length).toBe(2)
  })
})

describe('registration', () => {
  const signUp = async (shop: ReturnType<typeof openShop>, browser = shop.client(), request = CHROME) => {
    await browser.send(async (session) => {
      shop.guard.registered(session)
      await session.login('new')
    }, request)
    return browser
  }

  test('the first device of an account joins without a mail, and stays known', async () => {
    const shop = openShop()
    const browser = await signUp(shop)
    await browser.send((session) => session.logout())
    await shop.logIn(browser, CHROME, 'new')
    expect([shop.notices, shop.findings()]).toEqual([[], []])
  })

  test('a stolen password, a second after: the owner is told, for only the request of the registration is silent', async () => {
    const shop = openShop()
    await signUp(shop)
    await shop.logIn(shop.client(), FIREFOX, 'new')
    expect(shop.findings()).toEqual(['new-device'])
  })

  test('another guard than that of the sessions is a mistake', async () => {
    const shop = openShop()
    const other = createWorld<TestData>()
    await other.client().send((session) => {
      expect(() => shop.guard.registered(session)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    })
  })
})
