import { guardCases } from '@sojourn/conformance'
import { createSessions } from 'sojourn'
import { english, type NewDeviceOptions, newDevice } from 'sojourn/guards/new-device'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR, rejection } from '../core/kit.ts'
import { testCases } from '../support/run-cases.ts'
import { agents } from './anomaly/agents.ts'
import {
  ABROAD,
  by,
  CHROME,
  FIREFOX,
  HOME,
  KEY,
  locate,
  MOBILE,
  ORIGIN,
  OTHER_KEY,
  openShop,
  PATH,
} from './new-device/world.ts'

const REQUIRED = { origin: ORIGIN, keys: [KEY], notify: () => {}, disowned: () => {} }
testCases('the contract of guards, newDevice', guardCases, { createGuard: () => newDevice(REQUIRED) })

describe('the user is told', () => {
  test('about a login from a browser that they have not used', async () => {
    const { client, logIn, notices, eventsOf } = openShop({ locate })
    const id = await logIn(client())
    expect(notices).toEqual([
      expect.objectContaining({ userId: 'ada', id, finding: 'new-device', device: 'Chrome on Windows', country: 'DE' }),
    ])
    expect(eventsOf('finding')).toEqual([
      expect.objectContaining({
        guard: 'new-device',
        id,
        userId: 'ada',
        finding: 'new-device',
        score: 0.3,
        message:
          'The user logged in with Chrome on Windows, in DE, which they have not used before. Somebody else may know their password.',
      }),
    ])
  })

  test('about each user of a shared browser, once', async () => {
    const { client, logIn, notices } = openShop()
    const browser = client()
    for (const userId of ['ada', 'bob', 'ada', 'bob']) await logIn(browser, CHROME, userId)
    expect(notices.map(({ userId }) => userId)).toEqual(['ada', 'bob'])
  })

  test('about a known device in another country, once for each country', async () => {
    const { client, logIn, findings } = openShop({ locate })
    const browser = client()
    for (const peer of [HOME, MOBILE, ABROAD, HOME, ABROAD]) await logIn(browser, by(agents.chromeWindows(142), peer))
    expect(findings()).toEqual(['new-device', 'new-place'])
  })

  test('again about a device that they have not used for half a year', async () => {
    const { client, logIn, findings, clock } = openShop()
    const browser = client()
    await logIn(browser)
    clock.advance(179 * DAY)
    await logIn(browser)
    clock.advance(181 * DAY)
    await logIn(browser)
    expect(findings()).toEqual(['new-device', 'new-device'])
  })

  test('if the application cannot say whether it knows the device, and the fault is an event', async () => {
    const { client, logIn, notices, eventsOf } = openShop({ known: () => Promise.reject(new Error('down')) })
    await logIn(client())
    expect([notices.length, eventsOf('fault').length]).toEqual([1, 1])
  })
})

describe('it stays quiet', () => {
  test.each<[what: string, agent: string, peer: string]>([
    ['the same browser', agents.chromeWindows(142), HOME],
    ['an update of the browser', agents.chromeWindows(151), HOME],
    ['another IPv6 address of the same network (RFC 8981)', agents.chromeWindows(142), '2001:db8:7:1:abcd::9'],
    ['another network, without a look-up', agents.chromeWindows(142), ABROAD],
  ])('after a logout, for %s', async (_, agent, peer) => {
    const { client, logIn, notices } = openShop()
    const browser = client()
    await logIn(browser)
    await browser.send((session) => session.logout())
    await logIn(browser, by(agent, peer))
    expect(notices.length).toBe(1)
  })

  test('for "the desktop site" of a mobile browser', async () => {
    const { client, logIn, notices } = openShop()
    const browser = client()
    await logIn(browser, by(agents.safariIphone(18)))
    await logIn(browser, by(agents.safariMac(18)))
    expect(notices.length).toBe(1)
  })

  test('for another network in the same country, and for a look-up that fails', async () => {
    let isDown = false
    const { client, logIn, notices, eventsOf, clock } = openShop({
      locate: (address) => (isDown ? Promise.reject(new Error('down')) : locate(address)),
    })
    const browser = client()
    await logIn(browser)
    await logIn(browser, by(agents.chromeWindows(142), MOBILE))
    isDown = true
    clock.advance(2 * HOUR)
    await logIn(browser, by(agents.chromeWindows(142), ABROAD))
    expect([notices.length, eventsOf('fault').length]).toEqual([1, 1])
  })

  test('for a private window beside a live session of the same browser and network', async () => {
    const { client, logIn, notices } = openShop()
    await logIn(client())
    await logIn(client())
    expect(notices.length).toBe(1)
    await logIn(client(), FIREFOX)
    await logIn(client(), by(agents.chromeWindows(142), ABROAD))
    expect(notices.length).toBe(3)
  })

  test('for a login that the application knows, such as the first one of a new user', async () => {
    const { client, logIn, notices } = openShop({
      known: (userId, { device }) => userId === 'new' && device === 'Chrome on Windows',
    })
    const browser = client()
    await logIn(browser, CHROME, 'new')
    await logIn(browser, CHROME, 'new')
    await logIn(client(), FIREFOX, 'new')
    expect(notices.map(({ device }) => device)).toEqual(['Firefox on Linux'])
  })

  test('for a login that another guard refuses', async () => {
    const { client, notices } = openShop({}, { guards: [{ name: 'no', login: () => ({ refuse: 'No.' }) }] })
    const browser = client()
    await browser.send((session) => rejection(session.login('ada')), CHROME)
    expect([notices.length, browser.jar.size]).toEqual([0, 0])
  })
})

describe('the cookie of known devices', () => {
  test('is HttpOnly, Secure, for this host, lasts half a year, and names nobody', async () => {
    const { client, sessions } = openShop()
    const { setCookies } = await client().send((session) => session.login('ada@shop.example'), CHROME)
    const cookie = setCookies.find((each) => each.startsWith('__Host-known-devices='))
    expect(cookie).toMatch(/^[^;]+; Max-Age=15552000; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    const [, value = ''] = /=([^;]+)/.exec(cookie ?? '') ?? []
    expect(Buffer.from(value, 'base64url').toString('latin1')).not.toContain('ada')
    expect(JSON.stringify(await sessions.export('ada@shop.example'))).not.toContain(value)
  })

  test('survives the logout, and knows at most five users', async () => {
    const { client, logIn, notices } = openShop()
    const browser = client()
    for (const userId of ['a', 'b', 'c', 'd', 'e', 'f']) await logIn(browser, CHROME, userId)
    await browser.send((session) => session.logout())
    await logIn(browser, CHROME, 'f')
    expect(notices.length).toBe(6)
    await logIn(browser, CHROME, 'a')
    expect(notices.length).toBe(7)
  })

  test('still counts after a new key was put in front', async () => {
    const first = openShop()
    const browser = first.client()
    await first.logIn(browser)
    const second = openShop({ keys: [OTHER_KEY, KEY] })
    const later = second.client()
    for (const [key, pair] of browser.jar) if (key.includes('known')) later.jar.set(key, pair)
    await second.logIn(later)
    await second.logIn(later)
    expect(second.notices.length).toBe(0)
  })

  test('is not written by a request without a login, and nothing is read from the store for it', async () => {
    const { client, logIn, store } = openShop()
    const browser = client()
    await logIn(browser)
    const reads = store.count('read')
    const { setCookies } = await browser.send((session) => session.userId, CHROME)
    expect([setCookies, store.count('read') - reads]).toEqual([[], 1])
  })
})

describe('the mail', () => {
  test('says what is known, and has the link in both parts', async () => {
    const { client, logIn, lastNotice } = openShop({ locate, site: 'The Shop' })
    await logIn(client())
    const { mail, link, until } = lastNotice()
    expect(link.startsWith(`${ORIGIN}${PATH}?k=`)).toBe(true)
    expect(until).toEqual(new Date(Date.UTC(2030, 0, 8)))
    expect(mail.subject).toBe('New login to The Shop: Chrome on Windows')
    expect(mail.text).toContain('Device: Chrome on Windows\nCountry: Germany\nTime: 2030-01-01 00:00 UTC\n')
    expect(mail.text).toContain(`This was not me:\n${link}\n`)
    expect(mail.html).toContain(`<a href="${link}"`)
  })

  test('speaks the language that the application chooses', async () => {
    const german = { ...english, language: 'de', subject: () => 'Neue Anmeldung', button: 'Das war ich nicht' }
    const { client, logIn, lastNotice, visit } = openShop({
      text: (view, userId) => (userId === 'ada' || view.header('accept-language') === 'de' ? german : english),
    })
    await logIn(client())
    expect(lastNotice().mail.subject).toBe('Neue Anmeldung')
    const page = await visit(lastNotice().link, { headers: { 'accept-language': 'de' } })
    expect(page.body).toContain('<html lang="de">')
    expect(page.body).toContain('Das war ich nicht')
  })

  test('that cannot be sent is a fault, and the user is logged in', async () => {
    const { client, logIn, isLive, eventsOf } = openShop({ notify: () => Promise.reject(new Error('no mail server')) })
    const id = await logIn(client())
    await Promise.resolve()
    await new Promise(setImmediate)
    expect(await isLive(id)).toBe(true)
    expect(eventsOf('fault')).toEqual([expect.objectContaining({ operation: 'guard new-device' })])
  })
})

test.each<[what: string, options: Partial<NewDeviceOptions>]>([
  ['an origin with a path', { origin: 'https://shop.example/' }],
  ['an origin on plain HTTP', { origin: 'http://shop.example' }],
  ['no origin', { origin: undefined as never }],
  ['no keys', { keys: [] }],
  ['a short key', { keys: ['short'] }],
  ['no notify', { notify: undefined as never }],
  ['no disowned', { disowned: undefined as never }],
  ['a path that servers read in different ways', { path: '/a/../b' }],
  ['an unknown option', { secret: 'x' } as never],
])('ERR_OPTION for %s', async (_, options) => {
  expect(await rejection(() => newDevice({ ...REQUIRED, ...options }))).toMatchObject({ code: 'ERR_OPTION' })
})

test('a guard belongs to one createSessions, because its links end the sessions of that one', async () => {
  const guard = newDevice(REQUIRED)
  createSessions({ guards: [guard] })
  expect(await rejection(() => createSessions({ guards: [guard] }))).toMatchObject({ code: 'ERR_OPTION' })
})
