import { memoryBus } from 'sojourn/buses/memory'
import { redisTrackingBus } from 'sojourn/buses/redis-tracking'
import { tokenEndpoints } from 'sojourn/tokens/endpoints'
import { type Bus, createVerifier, type VerifierOptions } from 'sojourn/tokens/verifier'
import { describe, expect, it } from 'vitest'
import { MINUTE, SECOND } from '../core/kit.ts'
import { API, createKey, createTokensWorld, foreignKey, ISSUER, key, MAIL, sign } from './tokens-kit.ts'

const LIST = `${ISSUER}/.well-known/session-ends`

/** A bus that can break, and that counts. */
function createBus() {
  const inner = memoryBus()
  const lost: (() => void)[] = []
  let isDown = false
  const bus: Bus = {
    ...inner,
    async publish(ids) {
      if (isDown) throw new Error('The bus is down.')
      await inner.publish(ids)
    },
    async probe() {
      if (isDown) throw new Error('The bus is down.')
    },
    subscribe(listener) {
      lost.push(() => listener.lost())
      const stop = inner.subscribe({ ...listener, changed: (ids) => isDown || listener.changed(ids) })
      return stop
    },
  }
  return {
    bus,
    set down(value: boolean) {
      isDown = value
      if (value) for (const each of lost) each()
    },
  }
}

/** An issuer, and a verifier that knows nothing of it but two URLs and a bus. */
function create(options: Partial<VerifierOptions> = {}, hasBus = false) {
  const wire = createBus()
  const world = createTokensWorld(hasBus ? { bus: wire.bus } : {})
  const { handler } = tokenEndpoints(world.tokens, { clients: [{ id: 'app' }] })
  const asked: string[] = []
  let isDown = false
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: API,
    ends: { list: LIST },
    timing: { wall: world.clock, uptime: world.clock },
    async fetch(url, init) {
      const request = new Request(url as URL, init)
      asked.push(new URL(request.url).pathname)
      if (isDown) throw new Error('The issuer is down.')
      return handler(request)
    },
    ...options,
  })
  const refusal = async (text: string) => (await verifier.verify(text)).refusal
  return Object.assign(world, {
    wire,
    asked,
    verifier,
    refusal,
    handler,
    lists: () => asked.filter((path) => path.endsWith('session-ends')).length,
    setDown(value: boolean) {
      isDown = value
    },
  })
}

const idOf = async (world: ReturnType<typeof create>, text: string) =>
  (await world.tokens.verify(text)).token?.sessionId ?? ''

describe('with the list of ends', () => {
  it('accepts a token, and refuses it within a second after its session ended', async () => {
    const world = create()
    const text = await world.issue(await world.login())
    expect(await world.refusal(text)).toBeNull()
    await world.sessions.revoke(await idOf(world, text))
    world.clock.advance(SECOND)
    expect(await world.refusal(text)).toBe('revoked')
  })

  it('a revoked access token, and not its session', async () => {
    const world = create()
    const client = await world.login()
    const [one, two] = [await world.issue(client), await world.issue(client)]
    expect(await world.tokens.revoke(one)).toBe(true)
    expect(await world.refusal(one)).toBe('revoked')
    expect(await world.refusal(two)).toBeNull()
  })

  it('a verifier that starts later knows what ended before', async () => {
    const world = create()
    const text = await world.issue(await world.login())
    await world.sessions.passwordChanged('user-1')
    world.clock.advance(2 * MINUTE)
    expect(await world.refusal(text)).toBe('revoked')
  })

  it('endAll is in the list', async () => {
    const world = create()
    const text = await world.issue(await world.login())
    expect(await world.refusal(text)).toBeNull()
    await world.sessions.endAll()
    world.clock.advance(SECOND)
    expect(await world.refusal(text)).toBe('revoked')
  })

  it('asks once for many requests, and not at all without one', async () => {
    const world = create()
    const text = await world.issue(await world.login())
    await Promise.all(Array.from({ length: 50 }, () => world.refusal(text)))
    expect(world.asked).toEqual(['/.well-known/jwks.json', '/.well-known/session-ends'])
    world.clock.advance(MINUTE)
    expect(world.lists()).toBe(1)
    await Promise.all(Array.from({ length: 50 }, () => world.refusal(text)))
    expect(world.lists()).toBe(2)
  })

  it('asks before the interval is over, so that a busy service does not wait', async () => {
    const world = create()
    const text = await world.issue(await world.login())
    await world.refusal(text)
    world.clock.advance(600)
    expect(world.verifier.verify(text)).not.toBeInstanceOf(Promise)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(world.lists()).toBe(2)
    world.clock.advance(900)
    expect(world.verifier.verify(text)).not.toBeInstanceOf(Promise)
  })

  it('the issuer is down: by default nothing is accepted that may have been revoked, and it recovers', async () => {
    const world = create()
    const text = await world.issue(await world.login())
    await world.refusal(text)
    world.setDown(true)
    world.clock.advance(2 * SECOND)
    await expect(world.refusal(text)).rejects.toMatchObject({ code: 'ERR_CARRIER', status: 503 })
    const { length } = world.asked
    for (let tries = 0; tries < 100; tries++) await world.refusal(text).catch(() => undefined)
    expect(world.asked.length).toBe(length)
    world.setDown(false)
    world.clock.advance(SECOND)
    expect(await world.refusal(text)).toBeNull()
  })

  it('the issuer is down: with whenDown allow, tokens are accepted, and what is known stays refused', async () => {
    const world = create({ ends: { list: LIST, whenDown: 'allow' } })
    const [good, bad] = [await world.issue(await world.login()), await world.issue(await world.login('user-2'))]
    await world.sessions.revokeAll('user-2')
    expect(await world.refusal(bad)).toBe('revoked')
    world.setDown(true)
    world.clock.advance(MINUTE)
    expect(await world.refusal(good)).toBeNull()
    expect(await world.refusal(bad)).toBe('revoked')
    world.clock.advance(5 * MINUTE)
    expect(await world.refusal(good)).toBe('expired')
  })
})

describe('an attacker in place of the list', () => {
  it.each([
    ['without a signature', () => Buffer.from('{}').toString('base64url')],
    ['signed by another key', () => sign(list(), { typ: 'ends+jwt' }, foreignKey)],
    ['of another issuer', () => sign({ ...list(), iss: 'https://evil.example' }, { typ: 'ends+jwt' })],
    ['an access token', () => sign(list(), { typ: 'at+jwt' })],
    ['an old list, from before the end', () => sign({ ...list(), at: list().at - MINUTE }, { typ: 'ends+jwt' })],
    ['a part of the list only', () => sign({ ...list(), since: list().at }, { typ: 'ends+jwt' })],
    ['of another form', () => sign({ ...list(), ended: 7 }, { typ: 'ends+jwt' })],
  ])('%s', async (_, make) => {
    const text = await make()
    const world = create({
      fetch: async (url) => {
        if (new URL(String(url)).pathname.endsWith('jwks.json')) return Response.json(await world.tokens.jwks())
        return new Response(text)
      },
    })
    const token = await world.issue(await world.login())
    await expect(world.refusal(token)).rejects.toMatchObject({ code: 'ERR_CARRIER' })
  })

  const now = createTokensWorld().clock()
  const list = () => ({ iss: ISSUER, iat: Math.floor(now / 1000), at: now, since: 0, all: 0, ended: '', cuts: '' })
})

describe('with a bus', () => {
  it('an end is known at once, and the list is read once only', async () => {
    const world = create({}, true)
    const { bus } = world.wire
    const verifier = createVerifier({
      issuer: ISSUER,
      audience: API,
      ends: { list: LIST, bus },
      timing: { wall: world.clock, uptime: world.clock },
      fetch: async (url, init) => {
        world.asked.push(String(url))
        return world.handler(new Request(url as URL, init))
      },
    })
    const text = await world.issue(await world.login())
    const again = await world.issue(await world.login('user-2'))
    expect((await verifier.verify(text)).refusal).toBeNull()
    expect((await verifier.verify(again)).refusal).toBeNull()
    const { length } = world.asked
    await world.tokens.revoke(await tokenOf(world))
    await world.sessions.revokeAll('user-1')
    await new Promise((resolve) => setTimeout(resolve, 5))
    // The clock stands still: nothing was asked.
    expect(await verifier.verify(text)).toMatchObject({ refusal: 'revoked' })
    world.clock.advance(600)
    await verifier.verify(again)
    await new Promise((resolve) => setTimeout(resolve, 5))
    world.clock.advance(600)
    expect((await verifier.verify(again)).refusal).toBeNull()
    expect(world.asked.length).toBe(length)
    await verifier.close()
  })

  it('what ended while the bus was broken is read from the list when it is back', async () => {
    const world = create({}, true)
    const verifier = verifierOf(world)
    const text = await world.issue(await world.login())
    expect((await verifier.verify(text)).refusal).toBeNull()
    world.wire.down = true
    await world.sessions.revokeAll('user-1')
    world.wire.down = false
    world.clock.advance(SECOND)
    expect((await verifier.verify(text)).refusal).toBe('revoked')
  })

  it('while the bus is down, the list is read in its place', async () => {
    const world = create({}, true)
    const verifier = verifierOf(world)
    const text = await world.issue(await world.login())
    expect((await verifier.verify(text)).refusal).toBeNull()
    world.wire.down = true
    await world.sessions.revokeAll('user-1')
    world.clock.advance(SECOND)
    expect((await verifier.verify(text)).refusal).toBe('revoked')
  })

  it('without a list, tokens from before it listened are refused as unsure, and new ones are accepted', async () => {
    const world = create({}, true)
    const verifier = verifierOf(world, {})
    const client = await world.login()
    const old = await world.issue(client)
    expect((await verifier.verify(old)).refusal).toBe('unsure')
    world.clock.advance(6 * SECOND)
    const young = await world.issue(client)
    expect((await verifier.verify(young)).refusal).toBeNull()
    world.wire.down = true
    world.clock.advance(2 * SECOND)
    await expect(verifier.verify(young)).rejects.toMatchObject({ code: 'ERR_CARRIER' })
    world.wire.down = false
    world.clock.advance(SECOND)
    expect((await verifier.verify(young)).refusal).toBe('unsure')
  })

  it('the bus is back and the list cannot be read: nothing is accepted that may have ended during the break', async () => {
    const world = create({}, true)
    let isDown = false
    const verifier = createVerifier({
      issuer: ISSUER,
      audience: API,
      ends: { list: LIST, bus: world.wire.bus },
      timing: { wall: world.clock, uptime: world.clock },
      async fetch(url, init) {
        if (isDown) throw new Error('The issuer is down.')
        return world.handler(new Request(url as URL, init))
      },
    })
    const text = await world.issue(await world.login())
    expect((await verifier.verify(text)).refusal).toBeNull()
    world.wire.down = true
    await world.sessions.revokeAll('user-1')
    world.wire.down = false
    isDown = true
    for (let tries = 0; tries < 5; tries++) {
      world.clock.advance(SECOND)
      await expect(verifier.verify(text)).rejects.toMatchObject({ code: 'ERR_CARRIER' })
      world.clock.advance(300)
      await expect(verifier.verify(text)).rejects.toMatchObject({ code: 'ERR_CARRIER' })
    }
    isDown = false
    world.clock.advance(SECOND)
    expect((await verifier.verify(text)).refusal).toBe('revoked')
  })

  it('a near cache may use the same bus', async () => {
    const world = create({}, true)
    const verifier = verifierOf(world)
    const text = await world.issue(await world.login())
    expect((await verifier.verify(text)).refusal).toBeNull()
    await world.wire.bus.publish([(await idOf(world, text)) as never, 'end-x' as never, '' as never])
    expect((await verifier.verify(text)).refusal).toBeNull()
  })

  function verifierOf(world: ReturnType<typeof create>, more: { list?: string } = { list: LIST }) {
    return createVerifier({
      issuer: ISSUER,
      audience: API,
      ends: { ...more, bus: world.wire.bus },
      timing: { wall: world.clock, uptime: world.clock },
      fetch: async (url, init) => world.handler(new Request(url as URL, init)),
    })
  }
})

async function tokenOf(world: ReturnType<typeof create>) {
  return (await world.login('user-3')).token() ?? ''
}

describe('keys', () => {
  it('a rotation breaks no verifier: the new key is published before it signs', async () => {
    let keys = [await createKey('ES256', 'old')]
    const world = createTokensWorld({ keys: { read: () => keys } })
    const { handler } = tokenEndpoints(world.tokens, { clients: [{ id: 'app' }] })
    const verifier = createVerifier({
      issuer: ISSUER,
      audience: API,
      ends: { list: LIST },
      timing: { wall: world.clock, uptime: world.clock },
      fetch: async (url, init) => handler(new Request(url as URL, init)),
    })
    const client = await world.login()
    const old = await world.issue(client)
    expect((await verifier.verify(old)).refusal).toBeNull()
    const [before] = keys
    const next = await createKey('EdDSA', 'new')
    keys = [before as never, next]
    expect((await verifier.verify(await world.issue(client))).refusal).toBeNull()
    world.clock.advance(10 * SECOND)
    keys = [next, before as never]
    expect((await verifier.verify(await world.issue(client))).refusal).toBeNull()
    expect((await verifier.verify(old)).refusal).toBeNull()
  })

  it('forged tokens with unknown keys cause one request for the keys, and get no 503', async () => {
    const world = create()
    const text = await world.issue(await world.login())
    await world.refusal(text)
    const { length } = world.asked
    for (let n = 0; n < 100; n++) {
      expect(await world.refusal(await sign(world.claims(), { kid: `forged-${n}` }, foreignKey))).toBe('signature')
    }
    expect(world.asked.filter((path) => path.endsWith('jwks.json')).length).toBeLessThanOrEqual(2)
    expect(world.asked.length - length).toBeLessThanOrEqual(1)
  })

  it('rejects while no key was ever read', async () => {
    const world = create()
    const text = await world.issue(await world.login())
    world.setDown(true)
    await expect(world.refusal(text)).rejects.toMatchObject({ code: 'ERR_CARRIER' })
    await expect(world.verifier.start()).rejects.toMatchObject({ code: 'ERR_CARRIER' })
  })
})

it('a token for another service is refused', async () => {
  const world = create()
  expect(await world.refusal(await world.issue(await world.login(), { audience: MAIL }))).toBe('audience')
})

it('wrong options are refused', () => {
  const good: VerifierOptions = { issuer: ISSUER, audience: API, ends: { list: LIST } }
  for (const wrong of [
    { ends: undefined },
    { ends: {} },
    { insecureNoEnds: true },
    { ends: { list: 'http://shop.example/list' } },
    { ends: { list: LIST, within: '10ms' } },
    { ends: { bus: redisTrackingBus({ url: 'redis://127.0.0.1:1' }) } },
    { audience: '' },
    { algorithms: ['HS256'] },
    { algorithms: ['none'] },
    { issuer: 'shop' },
    { maxLife: '2d' },
    { secret: key },
  ])
    expect(() => createVerifier({ ...good, ...wrong } as never), JSON.stringify(wrong)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
})
