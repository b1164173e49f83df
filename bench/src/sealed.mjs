import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import secureSession from '@fastify/secure-session'
import { fastify } from 'fastify'
import { sealData, unsealData } from 'iron-session'
import { createSessions } from 'sojourn'
import { sealedSessions } from 'sojourn/sealed'

/**
 * `npm run sealed`: the CPU time of one read and of one write of a session in an encrypted cookie, in µs, three times in turn. A
 * read takes the content out of the `Cookie` header. A write does the same, changes a number and makes the new value. `bound`: AES-256-GCM and
 * JSON by hand, with a key that is used for all, and no limits, no attributes, no rules. Sojourn and the bound parse the header; iron-session and
 * secure-session get the value.
 */
const RUNS = 20_000
const ROUNDS = 3
const KEY = randomBytes(32)
const content = {
  n: 0,
  user: 'user-12345678',
  theme: 'dark',
  cart: [
    { sku: 'tea-100', count: 2 },
    { sku: 'cup-3', count: 1 },
  ],
}

/** @param {() => unknown} work */
async function cpuOf(work, runs = RUNS) {
  for (let index = 0; index < runs / 20; index++) await work()
  const before = process.cpuUsage()
  for (let index = 0; index < runs; index++) await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / runs
}

/** @param {object} value */
function sealByHand(value) {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', KEY, nonce)
  const text = Buffer.concat([nonce, cipher.update(JSON.stringify(value)), cipher.final(), cipher.getAuthTag()])
  return text.toString('base64url')
}

/** @param {string} header */
function openByHand(header) {
  const bytes = Buffer.from(header.slice(header.indexOf('=') + 1), 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', KEY, bytes.subarray(0, 12)).setAuthTag(bytes.subarray(-16))
  return JSON.parse(decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8'))
}

const sessions = createSessions({
  ...sealedSessions({ keys: [KEY] }),
  insecureStoreLacks: ['ended', 'fresh-token', 'list', 'lost-update'],
})
/** @param {string | null} cookie */
const viewOf = (cookie) => ({
  method: 'POST',
  url: 'https://shop.example/',
  secure: true,
  peer: null,
  /** @param {string} name */
  header: (name) => (name === 'cookie' ? cookie : name === 'sec-fetch-site' ? 'same-origin' : null),
})
/** @param {readonly { readonly name: string; readonly value: string }[]} changes */
const cookieOf = (changes) => changes.find(({ name }) => name === 'set-cookie')?.value.split(';', 1)[0] ?? ''

const first = await sessions.open(viewOf(null))
await first.session.login('user-12345678')
Object.assign(first.session.data, content)
const cookie = cookieOf(await first.commit())

/** @param {boolean} writes */
async function useSojourn(writes) {
  const { session, commit } = await sessions.open(viewOf(cookie))
  const n = /** @type {number} */ (session.data.n)
  if (writes) session.data.n = n + 1
  return commit()
}

const password = KEY.toString('base64')
const iron = await sealData(content, { password })
const app = fastify()
app.register(secureSession, { key: KEY })
await app.ready()
const sodium = app.encodeSecureSession(app.createSecureSession(content))
const byHand = `sid=${sealByHand(content)}`

/** As long as Sojourn's cookie, which also holds the token, the times and the device. */
const alike = `sid=${sealByHand({ ...content, more: 'x'.repeat(Math.floor(((cookie.length - byHand.length) * 3) / 4) - 11) })}`

/** @param {string} text */
const openSodium = (text) => app.decodeSecureSession(text)

console.log(
  `cookies: sojourn ${cookie.length} characters, bound ${byHand.length} and ${alike.length}, iron-session ${iron.length}, secure-session ${sodium.length}`,
)
for (let round = 0; round < ROUNDS; round++) {
  const costs = {
    'read: bound': await cpuOf(() => openByHand(byHand).n),
    'read: bound, same length': await cpuOf(() => openByHand(alike).n),
    'read: sojourn': await cpuOf(() => useSojourn(false)),
    'read: secure-session': await cpuOf(() => openSodium(sodium)?.get('n')),
    'read: iron-session': await cpuOf(() => unsealData(iron, { password }), RUNS / 10),
    'write: bound': await cpuOf(() => sealByHand({ ...openByHand(byHand), n: 1 })),
    'write: bound, same length': await cpuOf(() => sealByHand({ ...openByHand(alike), n: 1 })),
    'write: sojourn': await cpuOf(() => useSojourn(true)),
    'write: secure-session': await cpuOf(() => {
      const session = openSodium(sodium)
      session?.set('n', 1)
      return session && app.encodeSecureSession(session)
    }),
    'write: iron-session': await cpuOf(async () => {
      const opened = /** @type {object} */ (await unsealData(iron, { password }))
      return sealData({ ...opened, n: 1 }, { password })
    }, RUNS / 10),
  }
  const lines = Object.entries(costs).map(([name, us]) => `${name} ${us.toFixed(1)}`)
  console.log(lines.join(', '))
}
await app.close()
