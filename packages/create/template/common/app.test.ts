import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { start } from './server.ts'
import { sessions } from './sessions.ts'
import { addUser } from './users.ts'

const PASSWORD = 'only for this test'
let origin = ''
let stop = async (): Promise<void> => {}

before(async () => {
  await addUser('test', PASSWORD)
  await sessions.setup()
  const server = await start(0)
  origin = `http://localhost:${server.port}`
  stop = server.stop
})

after(async () => {
  await stop()
  await sessions.close()
})

/** A client that keeps its cookie, like a browser. */
function createBrowser(cookie = '') {
  return {
    cookie: () => cookie,
    async get(path: string) {
      return visit(path, { headers: { cookie } })
    },
    async post(path: string, form: Record<string, string> = {}, headers: Record<string, string> = {}) {
      return visit(path, { method: 'POST', body: new URLSearchParams(form), headers: { cookie, ...headers } })
    },
    async login() {
      return this.post('/login', { name: 'test', password: PASSWORD })
    },
  }

  async function visit(path: string, init: RequestInit) {
    const response = await fetch(origin + path, { ...init, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) cookie = line.split(';', 1)[0] ?? ''
    return { status: response.status, location: response.headers.get('location'), text: await response.text() }
  }
}

test('a visitor fills a cart, logs in, still has it, and logs out', async () => {
  const browser = createBrowser()
  await browser.post('/cart', { item: 'a <lamp>' })
  assert.equal((await browser.login()).status, 303)
  const home = (await browser.get('/')).text
  assert.match(home, /Hello, test/)
  assert.match(home, /a &lt;lamp&gt;/)
  await browser.post('/logout')
  assert.doesNotMatch((await browser.get('/')).text, /Hello, test/)
})

test('a wrong password is refused, and stores no session', async () => {
  const browser = createBrowser()
  const { status, text } = await browser.post('/login', { name: 'te<st', password: 'wrong' })
  assert.equal(status, 401)
  assert.match(text, /The name or the password is wrong/)
  assert.match(text, /value="te&lt;st"/)
  assert.equal(browser.cookie(), '')
})

test('a body that cannot be read as a form is refused', async () => {
  const { status } = await createBrowser().post('/login', { name: 'test' }, { 'content-type': 'multipart/form-data' })
  assert.ok(status >= 400 && status < 500, `${status}`)
})

test('a copy of the cookie opens nothing after the logout', async () => {
  const browser = createBrowser()
  await browser.login()
  const thief = createBrowser(browser.cookie())
  await browser.post('/logout')
  assert.equal((await thief.get('/devices')).location, '/login')
})

test('one device ends another', async () => {
  const [laptop, phone] = [createBrowser(), createBrowser()]
  await laptop.login()
  await phone.login()
  const [, id = ''] = /name="id" value="([^"]+)"/.exec((await laptop.get('/devices')).text) ?? []
  await laptop.post('/devices/end', { id })
  assert.equal((await phone.get('/devices')).location, '/login')
  assert.match((await laptop.get('/devices')).text, /The device is logged out/)
  assert.doesNotMatch((await laptop.get('/devices')).text, /The device is logged out/)
  await laptop.post('/logout')
})

test('a form on another site cannot log the user out', async () => {
  const browser = createBrowser()
  await browser.login()
  assert.equal((await browser.post('/logout', {}, { 'sec-fetch-site': 'cross-site' })).status, 403)
  assert.equal((await browser.get('/devices')).status, 200)
  await browser.post('/logout')
})

test('the health route answers', async () => {
  assert.equal((await createBrowser().get('/health')).status, 200)
})
