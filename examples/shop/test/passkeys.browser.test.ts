import type { Browser, Page } from 'playwright-core'
import { expect, test, vi } from 'vitest'
import { addAuthenticator, type DemoName, heading, shopForEachTest, signIn, type TestShop, textOf } from './shop.ts'

let chrome: Browser
let shop: TestShop

shopForEachTest((browser, started) => {
  chrome = browser
  shop = started
})

/** A credential of Chromium's virtual authenticator. */
interface Credential {
  readonly credentialId: string
}

interface Device {
  readonly page: Page
  credentials(): Promise<readonly Credential[]>
  /** Whether the user passes the check of the device (a finger, a PIN). */
  verifies(passes: boolean): Promise<void>
}

/** A browser with an authenticator of its own, and a user who is signed in. */
async function device(name: DemoName): Promise<Device> {
  const page = await (await chrome.newContext()).newPage()
  const { devtools, authenticatorId } = await addAuthenticator(page)
  await signIn(page, shop.url, name)
  return {
    page,
    credentials: async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    verifies: async (passes) =>
      void (await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: passes })),
  }
}

async function press(page: Page, name: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.getByRole('main').getByRole('button', { name }).click()])
}

async function makePasskey({ page }: Device): Promise<void> {
  await page.goto(`${shop.url}/account/passkeys`)
  await press(page, 'Make a passkey')
  expect(await textOf(page.getByRole('status'))).toContain('Your passkey is ready.')
}

/** What the browser would send: the credential that it put into the form, which is not submitted. */
async function answerOf(page: Page): Promise<string> {
  await page.evaluate('HTMLFormElement.prototype.requestSubmit = () => {}')
  await page.getByRole('main').getByRole('button', { name: 'Use my passkey' }).click()
  return vi.waitFor(async () => {
    const credential = await page.locator('input[name=credential]').inputValue()
    expect(credential).not.toBe('')
    return credential
  }, 5000)
}

/** Sends an answer to the page that asks for the passkey, with the cookie of this browser. */
async function send({ page }: Device, credential: string): Promise<string> {
  const answer = await page.request.post(`${shop.url}/passkey?returnTo=%2Forders`, {
    form: { credential },
    headers: { origin: shop.url },
    maxRedirects: 0,
  })
  return `${answer.status()} ${answer.headers().location ?? ''}`
}

/** Whether something important is allowed without asking. */
async function isProven({ page }: Device): Promise<boolean> {
  await page.goto(`${shop.url}/account/password`)
  return (await heading(page)) === 'Change your password'
}

test('with a passkey, a password is not enough: it is asked for before something important, and leads back', async () => {
  const alice = await device('alice')
  expect(await isProven(alice)).toBe(true)
  await makePasskey(alice)
  expect(await alice.credentials()).toHaveLength(1)

  const { page } = alice
  await page.goto(`${shop.url}/account/password`)
  expect(await heading(page)).toBe('Your passkey, please')
  const before = (await page.context().cookies())[0]?.value
  await press(page, 'Use my passkey')
  expect([await heading(page), new URL(page.url()).pathname]).toEqual(['Change your password', '/account/password'])
  expect((await page.context().cookies())[0]?.value).not.toBe(before)
  await page.getByText('Look inside this session').click()
  expect(await textOf(page.locator('.peek'))).toMatch(/by hwk, user/)

  shop.advance(11 * 60_000)
  expect(await isProven(alice)).toBe(false)
})

test('a thief with the password can neither change it, nor make or remove a passkey, nor step down to the password', async () => {
  const alice = await device('alice')
  await makePasskey(alice)
  const thief = await device('alice')
  for (const path of ['/account/password', '/account/passkeys']) {
    await thief.page.goto(shop.url + path)
    expect(await heading(thief.page)).toBe('Your passkey, please')
  }
  await thief.page.goto(`${shop.url}/confirm?returnTo=%2Faccount%2Fpassword`)
  await thief.page.getByLabel('Password for').fill('lantern-in-the-window')
  await press(thief.page, 'Yes, it is me')
  expect(await heading(thief.page)).toBe('Your passkey, please')
  const posted = await thief.page.request.post(`${shop.url}/account/passkeys`, {
    form: { credential: '{}' },
    headers: { origin: shop.url },
    maxRedirects: 0,
  })
  expect([posted.status(), (await posted.json()).reason]).toEqual([403, 'assurance-too-low'])
  // The thief's own authenticator has no passkey of Alice.
  expect(await thief.credentials()).toEqual([])
})

test('a challenge that was used is used up: the same answer again proves nothing', async () => {
  const alice = await device('alice')
  await makePasskey(alice)
  await alice.page.goto(`${shop.url}/passkey`)
  const answer = await answerOf(alice.page)
  expect(await send(alice, answer)).toBe('303 /orders')
  shop.advance(11 * 60_000)
  expect(await send(alice, answer)).toBe('422 ')
  expect(await isProven(alice)).toBe(false)
})

test('of the same answer sent twenty times at once, one counts', async () => {
  const alice = await device('alice')
  await makePasskey(alice)
  await alice.page.goto(`${shop.url}/passkey`)
  const answer = await answerOf(alice.page)
  const cookies = await alice.page.context().cookies()
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const sent = await Promise.all(
    Array.from({ length: 20 }, () =>
      fetch(`${shop.url}/passkey?returnTo=%2Forders`, {
        method: 'POST',
        body: new URLSearchParams({ credential: answer }),
        headers: { cookie, origin: shop.url },
        redirect: 'manual',
      }),
    ),
  )
  expect(sent.filter(({ headers }) => headers.get('location') === '/orders')).toHaveLength(1)
})

test('a challenge belongs to its session: an answer from another session of the same user is refused', async () => {
  const alice = await device('alice')
  await makePasskey(alice)
  const other = await device('alice')
  await other.page.goto(`${shop.url}/passkey`)
  await alice.page.goto(`${shop.url}/passkey`)
  const answer = await answerOf(alice.page)
  expect(await send(other, answer)).toBe('422 ')
  expect(await isProven(other)).toBe(false)
  // The owner's own challenge was not touched.
  expect(await send(alice, answer)).toBe('303 /orders')
})

test('the passkey of another user is refused', async () => {
  const alice = await device('alice')
  await makePasskey(alice)
  const bob = await device('bob')
  await makePasskey(bob)
  await alice.page.goto(`${shop.url}/passkey`)
  // Bob signs the challenge of Alice's session with his own passkey.
  const options = await alice.page.locator('form[data-passkey]').getAttribute('data-options')
  const [{ credentialId = '' } = {}] = await bob.credentials()
  const id = Buffer.from(credentialId, 'base64').toString('base64url')
  await bob.page.goto(`${shop.url}/passkey`)
  await bob.page.locator('form[data-passkey]').evaluate(
    (form, [text, own]) => {
      const given = JSON.parse(text)
      given.allowCredentials = [{ id: own, type: 'public-key' }]
      form.setAttribute('data-options', JSON.stringify(given))
    },
    [options ?? '', id] as const,
  )
  const answer = await answerOf(bob.page)
  expect(JSON.parse(answer).id).toBe(id)
  expect(await send(alice, answer)).toBe('422 ')
  expect(await isProven(alice)).toBe(false)
  // Under the id of Alice's passkey, it is Bob's signature still.
  const [{ credentialId: hers = '' } = {}] = await alice.credentials()
  await alice.page.goto(`${shop.url}/passkey`)
  const forged = { ...JSON.parse(answer), id: Buffer.from(hers, 'base64').toString('base64url') }
  expect(await send(alice, JSON.stringify({ ...forged, rawId: forged.id }))).toBe('422 ')
})

test('a challenge to make a passkey is none to prove it, and garbage is refused', async () => {
  const alice = await device('alice')
  await makePasskey(alice)
  await alice.page.goto(`${shop.url}/passkey`)
  const answer = await answerOf(alice.page)
  expect(await send(alice, answer)).toBe('303 /orders')
  // This page keeps a challenge to make a passkey in place of the one to prove it.
  await alice.page.goto(`${shop.url}/passkey`)
  const next = await answerOf(alice.page)
  await alice.page.goto(`${shop.url}/account/passkeys`)
  expect(await heading(alice.page)).toBe('Your passkeys')
  expect(await send(alice, next)).toBe('422 ')
  for (const credential of ['', 'null', '[]', '{}', '{"id":1}', '"x"', 'x'.repeat(5000), `{"id":"${'A'.repeat(300)}"}`])
    expect(await send(alice, credential)).toBe('422 ')
})

test('a passkey without the check of the device proves nothing', async () => {
  const alice = await device('alice')
  await makePasskey(alice)
  await alice.verifies(false)
  await alice.page.goto(`${shop.url}/passkey`)
  await alice.page.getByRole('main').getByRole('button', { name: 'Use my passkey' }).click()
  await alice.page.getByRole('alert').getByText('did not use a passkey').waitFor()
  expect(await isProven(alice)).toBe(false)
})

test('a removed passkey opens nothing, and without passkeys the password is enough again', async () => {
  const alice = await device('alice')
  await makePasskey(alice)
  await alice.page.goto(`${shop.url}/passkey?returnTo=%2Faccount%2Fpasskeys`)
  await press(alice.page, 'Use my passkey')
  await alice.page.goto(`${shop.url}/passkey`)
  const answer = await answerOf(alice.page)
  await alice.page.goto(`${shop.url}/account/passkeys`)
  await press(alice.page, 'Remove the passkey')
  expect(await textOf(alice.page.getByRole('status'))).toContain('That passkey is removed.')
  expect(await send(alice, answer)).toBe('303 /confirm')
  await alice.page.goto(`${shop.url}/passkey`)
  expect(await heading(alice.page)).toBe('Still you?')
})

test('only the pages for passkeys have a script, and it comes from the shop', async () => {
  const alice = await device('alice')
  for (const [path, has] of [
    ['/account', false],
    ['/account/password', false],
    ['/account/passkeys', true],
  ] as const) {
    const answer = await alice.page.goto(shop.url + path)
    const policy = answer?.headers()['content-security-policy'] ?? ''
    expect(policy.includes("script-src 'self'"), path).toBe(has)
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
  }
})
