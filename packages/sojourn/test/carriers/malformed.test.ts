import { cookieCarrier, type RequestView } from 'sojourn'
import { bearerCarrier } from 'sojourn/carriers/bearer'
import { bodyFieldCarrier } from 'sojourn/carriers/body-field'
import { formFieldCarrier } from 'sojourn/carriers/form-field'
import { headerCarrier } from 'sojourn/carriers/header'
import { insecurePathCarrier } from 'sojourn/carriers/insecure-path'
import { insecureQueryCarrier } from 'sojourn/carriers/insecure-query'
import { expect, it } from 'vitest'
import { createWorld } from '../core/kit.ts'
import { viewOf } from './views.ts'

/** `FUZZ_TOKENS=1000000 npx vitest run …/malformed.test.ts` is the long run. */
const COUNT = Number(process.env.FUZZ_TOKENS ?? 2000)

const SHOP = 'https://shop.example/'
const withUrl = (url: string): RequestView => ({ ...viewOf(SHOP), url })
const withBody = (type: string, body: unknown): RequestView => ({
  ...viewOf(SHOP, { method: 'POST', headers: { 'content-type': type } }),
  body,
})
const cookie = cookieCarrier()

const CARRIERS = [
  [
    'bearer',
    [bearerCarrier(), cookie],
    (text: string) => viewOf(SHOP, { headers: { authorization: `Bearer ${text}` } }),
  ],
  ['header', [headerCarrier('x-session'), cookie], (text: string) => viewOf(SHOP, { headers: { 'x-session': text } })],
  ['query', [cookie, insecureQueryCarrier('sid')], (text: string) => withUrl(`/?sid=${text}`)],
  ['path', [cookie, insecurePathCarrier('sid')], (text: string) => withUrl(`/;sid=${text}`)],
  ['form field', [cookie, formFieldCarrier('sid')], (text: string) => withBody('multipart/form-data', { sid: text })],
  ['body field', [bodyFieldCarrier('sid'), cookie], (text: string) => withBody('application/json', { sid: text })],
] as const

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ODD = '=;,"\\ \t\r\n\0%&?#/<>\u00e4\ufeff\ud800:+~.'

/** A small generator with a seed (mulberry32), so that a run can be repeated. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** Nearly a token: a wrong length, a wrong last character, or characters that have a meaning somewhere. */
function malformed(random: (below: number) => number): string {
  const text = Array.from({ length: [53, 54, 55, random(200)][random(4)] ?? 0 }, () => ALPHABET.charAt(random(64)))
  for (let odd = random(3); odd > 0; odd--) text[random(text.length + 1)] = ODD.charAt(random(ODD.length))
  const whole = text.join('')
  return /^[\w-]{53}[AQgw]$/.test(whole) ? `${whole}!` : whole
}

it.each(CARRIERS)(
  `%s: ${COUNT} malformed tokens: no throw, no store read`,
  { timeout: 600_000 },
  async (_, carriers, toView) => {
    const { sessions, store } = createWorld({ carriers: [...carriers] })
    const random = createRandom(Number(process.env.FUZZ_SEED ?? 1))
    for (let index = 0; index < COUNT; index++) {
      const text = malformed(random)
      // A delimiter of the carrier may cut a token out of the text.
      if (/(?:^|[^\w-])[\w-]{53}[AQgw](?:$|[^\w-])/.test(text)) continue
      const { session, commit, finish } = await sessions.open(toView(text))
      if (session.userId !== null || session.refused === 'unknown') expect.fail(JSON.stringify(text))
      await commit()
      await finish()
      store.calls.length === 0 || expect.fail(`a store read for ${JSON.stringify(text)}`)
    }
  },
)
