import { afterEach, describe, expect, it, vi } from 'vitest'
import { createWorld, edit, look, rejection } from './kit.ts'

const increment = (n: unknown): number => Number(n ?? 0) + 1
const never = (): Promise<never> => new Promise(() => {})

async function stored() {
  const world = createWorld()
  const client = world.client()
  await client.send(edit({ n: 0, list: ['a'] }))
  return { world, client }
}

/** Lets everything run that does not wait for a timer. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

afterEach(() => void vi.useRealTimers())

describe('a nested update of one key does not block that key for ever', () => {
  it.each(['stored', 'new'])('is an error at once (%s session)', async (kind) => {
    const { world, client } = await stored()
    const { session } = await (kind === 'stored' ? client : world.client()).open()
    let inner: unknown
    await session.update('n', async () => {
      inner = await session.update('n', increment).catch((error: unknown) => error)
      return 7
    })
    expect(inner).toMatchObject({ code: 'ERR_MISUSE', status: 500 })
    expect((inner as Error).message).toContain('update("n")')
    expect(session.data.n).toBe(7)
    expect(await session.update('n', increment)).toBe(8)
  })

  it.each(['stored', 'new'])('through an update of another key between them (%s session)', async (kind) => {
    const { world, client } = await stored()
    const { session } = await (kind === 'stored' ? client : world.client()).open()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let inner: unknown
    const outer = session.update('n', async () => {
      await session.update('m', async () => {
        inner = await session.update('n', increment).catch((error: unknown) => error)
        return 1
      })
      return 7
    })
    await settle()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await outer).toBe(7)
    expect(inner).toMatchObject({ name: 'SessionError', code: expect.stringMatching(/ERR_(MISUSE|CONTENTION)/) })
  })

  it('after fn has waited for something, it gives up after ten seconds, and says why', async () => {
    const { client } = await stored()
    const { session } = await client.open()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let inner: unknown
    const outer = session.update('n', async () => {
      await Promise.resolve()
      inner = await session.update('n', increment).catch((error: unknown) => error)
      return 7
    })
    await settle()
    await vi.advanceTimersByTimeAsync(9_999)
    expect(inner).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(await outer).toBe(7)
    expect(inner).toMatchObject({ code: 'ERR_CONTENTION', status: 503 })
    expect((inner as Error).message).toContain('inside the fn')
  })
})

describe('an fn that never settles', () => {
  it('delays waiting requests by ten seconds and an error, and no later ones', async () => {
    const { client } = await stored()
    const [stuck, first, second, later] = [
      await client.open(),
      await client.open(),
      await client.open(),
      await client.open(),
    ]
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    void stuck.session.update('n', never)
    await settle()
    const refused = rejection(first.session.update('n', increment))
    await vi.advanceTimersByTimeAsync(5_000)
    const next = second.session.update('n', increment)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await refused).toMatchObject({ code: 'ERR_CONTENTION' })
    expect(await next).toBe(1)
    expect(await later.session.update('n', increment)).toBe(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that settles late is counted, and so is a call that overtook it', async () => {
    const { client } = await stored()
    const [slow, first, second] = [await client.open(), await client.open(), await client.open()]
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const late = slow.session.update('n', async (n) => {
      await held
      return increment(n)
    })
    await settle()
    const refused = rejection(first.session.update('n', increment))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await refused).toMatchObject({ code: 'ERR_CONTENTION' })
    expect(await second.session.update('n', increment)).toBe(1)
    release()
    expect(await late).toBe(2)
  })

  it('lets a thousand wait, and no more', async () => {
    const { client } = await stored()
    const { session } = await client.open()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let release = (): void => {}
    const held = session.update('n', async () => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return 0
    })
    await settle()
    const waiting = Array.from({ length: 1000 }, () => session.update('n', increment))
    const all = Promise.allSettled([held, ...waiting])
    expect(await rejection(session.update('n', increment))).toMatchObject({ code: 'ERR_CONTENTION' })
    release()
    const results = await all
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1000)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('an assignment made while an update of that key runs is not lost', () => {
  it.each<[string, number]>([
    ['another value', 100],
    ['the value that it had before', 0],
  ])('%s: stored after the update, for it came later (stored session)', async (_, value) => {
    const { client } = await stored()
    await client.send(async (session) => {
      const running = session.update('n', async (n) => {
        await settle()
        return increment(n)
      })
      await settle()
      session.data.n = value
      expect(await running).toBe(1)
      expect(session.data.n).toBe(value)
    })
    expect((await client.send(look)).value.data.n).toBe(value)
  })

  it('on a session that is not stored yet', async () => {
    const client = createWorld().client()
    await client.send(async (session) => {
      const running = session.update('n', async (n) => {
        await settle()
        return increment(n)
      })
      session.data.n = 100
      expect(await running).toBe(1)
      expect(session.data.n).toBe(100)
    })
    expect((await client.send(look)).value.data.n).toBe(100)
  })

  it('an edit in place', async () => {
    const { client } = await stored()
    await client.send(async (session) => {
      const list = session.data.list as string[]
      const running = session.update('list', async () => {
        await settle()
        return ['b']
      })
      await settle()
      list.push('c')
      await running
    })
    expect((await client.send(look)).value.data.list).toEqual(['a', 'c'])
  })

  it('a deletion', async () => {
    const { client } = await stored()
    await client.send(async (session) => {
      const running = session.update('n', async (n) => {
        await settle()
        return increment(n)
      })
      await settle()
      delete session.data.n
      await running
    })
    expect((await client.send(look)).value.data).toEqual({ list: ['a'] })
  })

  it('without one, the handler sees what was stored', async () => {
    const { client } = await stored()
    await client.send(async (session) => {
      session.data.n = 5
      await session.update('n', increment)
      expect(session.data.n).toBe(6)
    })
  })
})
