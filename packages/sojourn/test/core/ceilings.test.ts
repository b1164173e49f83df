import { cookieCarrier, type LoginOptions, type Timeouts } from 'sojourn'
import { vouch } from 'sojourn/carriers/kit'
import { describe, expect, it } from 'vitest'
import { createClient, createWorld, DAY, HOUR, MINUTE, type TestData, type World } from './kit.ts'

const ID = 'A'.repeat(22)

async function login(world: World<TestData>, options: LoginOptions = {}) {
  const client = world.client()
  const { setCookies } = await client.send((session) => session.login('ada', options))
  return { client, setCookies }
}

async function isIn(world: World<TestData>, cookie: string): Promise<boolean> {
  const { session } = await createClient(world.sessions).open({ cookie })
  return session.userId === 'ada'
}

describe('a ceiling that no login passes', () => {
  it.each<[Timeouts['preset'], number, number]>([
    ['owasp-high', 5 * MINUTE, 4 * HOUR],
    ['nist-aal2', HOUR, 24 * HOUR],
    ['nist-aal3', 15 * MINUTE, 12 * HOUR],
    ['pci-dss', 15 * MINUTE, 12 * HOUR],
  ])(
    '%s: remember me for 30 days ends at the idle limit, and at the absolute one',
    async (preset, idleMs, absoluteMs) => {
      const world = createWorld({ timeouts: { preset: preset as 'pci-dss' } })
      const { client, setCookies } = await login(world, { absolute: '30d', idle: '30d' })
      expect(setCookies[0], 'the cookie does not outlive the browser').not.toContain('Max-Age')
      const began = world.clock()
      world.clock.advance(idleMs - 1)
      expect(await isIn(world, client.cookie())).toBe(true)
      world.clock.advance(1)
      expect(await isIn(world, client.cookie())).toBe(false)
      const other = (await login(world, { absolute: '30d', idle: '30d' })).client
      const { expiresAt } = (await other.open()).session
      expect(expiresAt.getTime() - world.clock()).toBe(idleMs)
      for (; world.clock() - began < absoluteMs + 2 * idleMs; world.clock.advance(idleMs / 2))
        await other.send(() => {})
      expect(await isIn(world, other.cookie())).toBe(false)
    },
  )

  it('is reported once to the developer, and the login works', async () => {
    const world = createWorld({ timeouts: 'pci-dss' })
    await login(world, { absolute: '30d' })
    await login(world, { absolute: '31d' })
    expect(world.warnings).toEqual([
      'sojourn: A login asked for a longer absolute than timeouts.ceiling, and got the ceiling.',
    ])
    await login(world, { idle: '16m' })
    expect(world.warnings).toHaveLength(2)
    await login(world, { idle: '15m', absolute: '1h' })
    expect(world.warnings).toHaveLength(2)
  })

  it('of one’s own allows remember me up to it', async () => {
    const world = createWorld({ timeouts: { ceiling: { idle: '7d', absolute: '30d' } } })
    const { client, setCookies } = await login(world, { absolute: '90d' })
    expect(setCookies[0]).toContain(`Max-Age=${7 * 24 * 3600}`.slice(0, 8))
    world.clock.advance(7 * DAY - 1)
    expect(await isIn(world, client.cookie())).toBe(true)
    world.clock.advance(1)
    expect(await isIn(world, client.cookie())).toBe(false)
  })

  it('also ends sessions that began before it was set', async () => {
    const world = createWorld()
    const { client } = await login(world, { absolute: '30d' })
    const strict = world.node({ timeouts: 'pci-dss' })
    world.clock.advance(16 * MINUTE)
    expect(await isIn(world, client.cookie())).toBe(true)
    const { session } = await createClient(strict).open({ cookie: client.cookie() })
    expect(session).toMatchObject({ userId: null, refused: 'expired' })
    expect(await strict.list('ada')).toEqual([])
  })

  it('a preset for low risk is none', async () => {
    const world = createWorld({ timeouts: 'owasp-low' })
    const { client } = await login(world, { absolute: '30d' })
    world.clock.advance(20 * DAY)
    expect(await isIn(world, client.cookie())).toBe(true)
    expect(world.warnings).toEqual([])
  })

  it('of a preset can be raised by name', async () => {
    const world = createWorld({ timeouts: { preset: 'nist-aal2', ceiling: { absolute: '48h' } } })
    const { client } = await login(world, { absolute: '30h', idle: '1h' })
    for (let hours = 0; hours < 29; hours += 0.5) {
      world.clock.advance(HOUR / 2)
      await client.send(() => {})
    }
    expect(await isIn(world, client.cookie())).toBe(true)
    world.clock.advance(HOUR)
    expect(await isIn(world, client.cookie())).toBe(false)
  })

  it.each([
    ['preset', { preset: undefined }, 'timeouts: preset is not set'],
    ['ceiling', { ceiling: undefined }, 'timeouts: ceiling is not set'],
    ['ceiling.idle', { preset: 'pci-dss', ceiling: { idle: undefined } }, 'timeouts.ceiling: idle is not set'],
    ['ceiling.absolute', { ceiling: { absolute: undefined } }, 'timeouts.ceiling: absolute is not set'],
  ])(
    '%s without a value, as an unset variable makes it, is refused: no session outlives it in silence',
    (_, timeouts, text) => {
      expect(() => createWorld({ timeouts: timeouts as unknown as Timeouts })).toThrow(text)
    },
  )

  it('of a preset still ends an unused session if only absolute is raised, and the developer is told once', async () => {
    const world = createWorld({ timeouts: { preset: 'pci-dss', ceiling: { absolute: '30d' } } })
    const { client } = await login(world, { absolute: '30d' })
    await login(world, { absolute: '30d' })
    expect(world.warnings).toEqual([
      'sojourn: A remembered login ends when it is unused for longer than timeouts.ceiling.idle or the preset allows.',
    ])
    world.clock.advance(15 * MINUTE)
    expect(await isIn(world, client.cookie())).toBe(false)
  })

  it('also ends a session that a signed text vouches for without a read of the store', async () => {
    let issuedAt = 0
    const world: World<TestData> = createWorld<TestData>({
      timeouts: { idle: '1h', ceiling: { absolute: '12h' } },
      carriers: [
        {
          name: 'access',
          ambient: false,
          readOnly: true,
          vary: 'Authorization',
          read: (view) => ({ values: [view.header('authorization')].filter((one) => one !== null), overflow: false }),
          translate: () => vouch({ id: ID, userId: 'ada', reads: 'nothing', issuedAt, expiresAt: world.clock() + DAY }),
          write: () => [],
          clear: () => [],
        },
        cookieCarrier(),
      ],
    })
    const open = async () => (await world.client().open({ headers: { authorization: 'x' } })).session
    issuedAt = world.clock()
    expect(await open()).toMatchObject({ userId: 'ada' })
    world.clock.advance(12 * HOUR)
    expect(await open()).toMatchObject({ userId: null, refused: 'expired' })
  })
})
