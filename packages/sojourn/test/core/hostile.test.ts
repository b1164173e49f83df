import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, type TestData, toView, type World } from './kit.ts'

const ALPHABET = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ maxLength: 200 }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)
const anyCookie = fc.oneof(
  anyText,
  anyText.map((text) => `__Host-session=${text}`),
  fc.array(anyText, { maxLength: 12 }).map((texts) => texts.map((text) => `__Host-session=${text}`).join('; ')),
)

function isToken(cookie: string): boolean {
  return /__Host-session=[ \t]*[\w-]{53}[AQgw][ \t]*(;|$)/.test(cookie)
}

async function handled(world: World<TestData>, headers: Record<string, string>): Promise<void> {
  const exchange = await world.sessions.open(toView({ headers }))
  expect(exchange.session.userId).toBeNull()
  const changes = await exchange.commit()
  for (const { value } of changes) expect(value).toMatch(/^[\t\x20-\x7e]*$/)
  await exchange.finish()
}

describe('9 Hostile input costs nothing', () => {
  it('property: any bytes in the cookie header: no throw, no store read, nothing of them in the answer', async () => {
    const world = createWorld()
    await fc.assert(
      fc.asyncProperty(anyCookie, async (cookie) => {
        fc.pre(!isToken(cookie))
        await handled(world, { cookie })
        expect(world.store.calls).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('property: any text of a token’s form costs one read and no more, and is refused', async () => {
    const world = createWorld()
    const token = fc.tuple(
      fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 53, maxLength: 53 }),
      fc.constantFrom('A', 'Q', 'g', 'w'),
    )
    await fc.assert(
      fc.asyncProperty(token, async ([body, last]) => {
        world.store.calls.length = 0
        await handled(world, { cookie: `__Host-session=${body}${last}` })
        expect(world.store.calls.map(({ operation }) => operation)).toEqual(['read'])
      }),
    )
  })

  it('property: any bytes in the other headers disturb no session', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const names = ['user-agent', 'sec-ch-ua', 'x-forwarded-for', 'forwarded', 'origin', 'referer', 'accept-language']
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), anyText), async (headers) => {
        expect((await client.send(look, { headers })).value.userId).toBe('ada')
      }),
    )
  })

  it('a header of a megabyte costs no more than one that is too long', async () => {
    const world = createWorld()
    const began = performance.now()
    for (const cookie of [
      '__Host-session='.repeat(70_000),
      '; '.repeat(500_000),
      `__Host-session=${'A'.repeat(1_000_000)}`,
    ]) {
      await handled(world, { cookie })
    }
    expect(performance.now() - began).toBeLessThan(1000)
    expect(world.store.calls).toEqual([])
  })

  it('a flood of made-up tokens makes no records and keeps nothing', async () => {
    const world = createWorld()
    for (let i = 0; i < 300; i++) {
      await handled(world, { cookie: `__Host-session=${String(i).padStart(53, 'x')}A` })
    }
    expect(world.store.calls.every(({ operation }) => operation === 'read')).toBe(true)
  })

  it('a url, a method and a host of any bytes are nothing to a session', async () => {
    const world = createWorld()
    await fc.assert(
      fc.asyncProperty(anyText, anyText, anyText, async (url, method, host) => {
        const exchange = await world.sessions.open(
          toView({ url, method, headers: { host, cookie: '__Host-session=a; __Host-session=b' } }),
        )
        if (exchange.answer === null) edit({ a: 1 })(exchange.session)
        const changes = await exchange.commit()
        for (const { value } of changes) expect(value).toMatch(/^[\t\x20-\x7e]*$/)
      }),
    )
  })
})
