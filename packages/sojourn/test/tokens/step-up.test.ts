import * as oauth from 'oauth4webapi'
import { toChallenge, type VerifyOptions } from 'sojourn/tokens/verifier'
import { describe, expect, it } from 'vitest'
import { MINUTE } from '../core/kit.ts'
import { API, createTokensWorld, sign } from './tokens-kit.ts'

async function create() {
  const world = createTokensWorld()
  const client = await world.login()
  const text = await world.issue(client)
  const refusal = async (wanted: VerifyOptions, of = text) =>
    (await world.tokens.verify(of, { audience: API, ...wanted })).refusal
  return Object.assign(world, { client, text, refusal })
}

describe('a token of an old or weak login at a route that needs more (RFC 9470)', () => {
  it('is refused once the proof is older than maxAge, and accepted after a new proof and a new token', async () => {
    const world = await create()
    world.clock.advance(4 * MINUTE)
    const text = await world.issue(world.client)
    expect(await world.refusal({ maxAge: '5m' }, text)).toBeNull()
    world.clock.advance(2 * MINUTE)
    expect(await world.refusal({ maxAge: '5m' }, text)).toBe('proof-too-old')
    // A refreshed token says the same time: a refresh is no proof.
    expect(await world.refusal({ maxAge: '5m' }, await world.issue(world.client))).toBe('proof-too-old')
    await world.client.send((session) => session.reauthenticated())
    expect(await world.refusal({ maxAge: '5m' }, await world.issue(world.client))).toBeNull()
  })

  it('is refused if it does not say when, or how, the user proved who they are', async () => {
    const { refusal, claims } = await create()
    const silent = await sign(claims())
    expect(await refusal({}, silent)).toBeNull()
    expect(await refusal({ maxAge: '365d' }, silent)).toBe('proof-too-old')
    expect(await refusal({ assurance: 'aal1' }, silent)).toBe('assurance-too-low')
  })

  it('is refused below the level, and accepted at it, above it, and at another one that is named', async () => {
    const { refusal } = await create()
    expect(await refusal({ assurance: 'aal3' })).toBe('assurance-too-low')
    expect(await refusal({ assurance: 'phr' })).toBe('assurance-too-low')
    for (const assurance of ['aal1', 'aal2', ['phr', 'aal2']]) expect(await refusal({ assurance })).toBeNull()
  })

  it('is refused for its key and its scope before its age, so that nobody logs in for nothing', async () => {
    const { refusal } = await create()
    expect(await refusal({ scope: 'send', maxAge: '0s' })).toBe('scope')
  })
})

describe('the challenge', () => {
  it.each([
    [null, {}, 401, 'Bearer'],
    [null, { scope: 'read', maxAge: '5m' }, 401, 'Bearer'],
    ['expired', { scope: 'read' }, 401, 'Bearer error="invalid_token"'],
    ['scope', { scope: ['read', 'write'] }, 403, 'Bearer error="insufficient_scope", scope="read write"'],
    ['proof-too-old', { maxAge: '5m' }, 401, 'Bearer error="insufficient_user_authentication", max_age="300"'],
    [
      'assurance-too-low',
      { assurance: ['aal2', 'phr'], maxAge: '1h' },
      401,
      'Bearer error="insufficient_user_authentication", max_age="3600", acr_values="aal2 phr"',
    ],
    [
      null,
      { resourceMetadata: 'https://api.shop.example/.well-known/oauth-protected-resource' },
      401,
      'Bearer resource_metadata="https://api.shop.example/.well-known/oauth-protected-resource"',
    ],
  ] as const)('of %j with %j', (refusal, wanted, status, header) => {
    expect(toChallenge(refusal, wanted)).toEqual({ status, header })
  })

  it.each(['a"b', 'a\\b', 'a\r\nset-cookie: x=1', 'ключ'])(
    'does not hold %j, which would end its quotes or the header',
    (word) => {
      const refused = expect.objectContaining({ code: 'ERR_OPTION' })
      expect(() => toChallenge('scope', { scope: word })).toThrow(refused)
      expect(() => toChallenge('assurance-too-low', { assurance: word })).toThrow(refused)
      expect(() => toChallenge(null, { resourceMetadata: word })).toThrow(refused)
    },
  )

  it('is understood by oauth4webapi, unmodified', async () => {
    const { text, tokens } = await create()
    const wanted = { assurance: 'aal3', maxAge: '10m' } as const
    const serve = async (): Promise<Response> => {
      const { refusal } = await tokens.verify(text, { audience: API, ...wanted })
      const { status, header } = toChallenge(refusal, wanted)
      return new Response(null, { status, headers: { 'www-authenticate': header } })
    }
    const asked = oauth.protectedResourceRequest(text, 'GET', new URL(`${API}/orders`), undefined, undefined, {
      [oauth.customFetch]: serve,
    })
    await expect(asked).rejects.toMatchObject({
      cause: [
        {
          scheme: 'bearer',
          parameters: { error: 'insufficient_user_authentication', acr_values: 'aal3', max_age: '600' },
        },
      ],
    })
  })
})
