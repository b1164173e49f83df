import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { API, createTokensWorld, encode, MAIL, sign } from './tokens-kit.ts'

/** `FUZZ_RUNS=1000000` for the long run. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 2000)

const world = createTokensWorld()
const { tokens, store } = world
const good = await sign(world.claims())
const header = fc.record(
  {
    alg: fc.oneof(fc.constantFrom('ES256', 'none', 'HS256', 'RS256'), fc.anything()),
    typ: fc.oneof(fc.constantFrom('at+jwt', 'JWT'), fc.anything()),
    kid: fc.oneof(fc.constantFrom('one', '__proto__'), fc.anything()),
  },
  { requiredKeys: [] },
)
const text = (value: unknown): string => {
  try {
    return encode(JSON.stringify(value) ?? 'null')
  } catch {
    return encode('{}')
  }
}
const shaped = fc
  .tuple(
    header,
    fc.dictionary(fc.string({ maxLength: 8 }), fc.anything(), { maxKeys: 5 }),
    fc.base64String({ maxLength: 96 }),
  )
  .map(([head, payload, signature]) => `${text(head)}.${text(payload)}.${signature.replaceAll(/[+/=]/g, '_')}`)
const mutated = fc
  .tuple(fc.nat({ max: good.length - 1 }), fc.string({ maxLength: 3 }), fc.nat({ max: 3 }))
  .map(([at, more, gone]) => good.slice(0, at) + more + good.slice(at + gone))
const any = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), shaped, mutated)

describe('any text', () => {
  it(`gets a clean refusal: verify, no throw and no read of the store (${RUNS} texts)`, async () => {
    await tokens.verify(good)
    const before = store.calls.length
    await fc.assert(
      fc.asyncProperty(any, async (given) => {
        const { token } = await tokens.verify(given)
        if (given !== good) expect(token).toBeNull()
      }),
      { numRuns: RUNS },
    )
    expect(store.calls.length).toBe(before)
  }, 3_600_000)

  it(`gets a clean refusal: refresh, no throw and no read of the store (${RUNS} texts)`, async () => {
    const before = store.calls.length
    await fc.assert(
      fc.asyncProperty(any, async (given) => {
        expect((await tokens.refresh(given)).refusal).not.toBeNull()
      }),
      { numRuns: RUNS },
    )
    expect(store.calls.length - before).toBeLessThanOrEqual(1)
  }, 3_600_000)
})

it('whatever is limited, scopes and audiences only shrink', async () => {
  const scopes = fc.option(fc.subarray(['read', 'write', 'send']), { nil: undefined })
  const audiences = fc.option(fc.subarray([API, MAIL]), { nil: undefined })
  const limits = fc.array(fc.record({ scopes, audiences }, { requiredKeys: [] }), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(limits, async (all) => {
      const own = createTokensWorld()
      const client = await own.login()
      let before = new Set(['read', 'write', 'send'])
      for (const limit of all) {
        await client.send((session) => own.tokens.limit(session, limit))
        const now = new Set<string>()
        for (const audience of [API, MAIL]) {
          const refreshed = await own.tokens.refresh(client.token() ?? '', { audience })
          if (refreshed.refusal === null) for (const scope of refreshed.scopes) now.add(scope)
        }
        for (const scope of now) {
          expect(before.has(scope)).toBe(true)
          expect(limit.scopes?.includes(scope) ?? true).toBe(true)
        }
        before = now
      }
    }),
    { numRuns: 50 },
  )
})
