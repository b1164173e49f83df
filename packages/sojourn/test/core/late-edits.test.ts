import { createSessions, memoryStore, type Session, type SessionRecord } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, MINUTE, toView } from './kit.ts'

describe('data edited after the response has ended', () => {
  async function ended() {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ n: 1, list: [] }))
    const { session, commit, finish } = await client.open()
    await commit()
    await finish()
    return { world, client, session }
  }

  it.each<[string, (data: Record<string, unknown>) => void]>([
    ['assigned', (data) => Object.assign(data, { n: 2 })],
    ['deleted', (data) => Reflect.deleteProperty(data, 'n')],
  ])('is lost, and told to the operator and to the developer: %s', async (_, change) => {
    const { world, session } = await ended()
    change(session.data)
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'edit', error: { code: 'ERR_MISUSE' } }])
    expect(world.warnings.join()).toContain('data.n was edited after the response')
  })

  it.each<[string, (flash: Session['flash']) => void]>([
    ['set', (flash) => flash.set('note', 'Saved.')],
    ['taken', (flash) => void flash.take('note')],
  ])('a flash value too: %s', async (_, change) => {
    const { world, session } = await ended()
    change(session.flash)
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'edit', error: { code: 'ERR_MISUSE' } }])
    expect(world.warnings.join()).toContain('flash.note was edited after the response')
  })

  it('a complete response needs no check, and later edits are reported', async () => {
    const { world, client } = await ended()
    const { session, commit, finish } = await client.open()
    await commit()
    expect(finish(true)).toBeUndefined()
    session.data.n = 4
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'edit' }])
    expect((await client.send(look)).value.data.n).toBe(1)
  })

  it('but an update is stored, and is no such edit', async () => {
    const { world, client, session } = await ended()
    await session.update('n', () => 2)
    expect(session.data.n).toBe(2)
    expect(world.eventsOf('fault')).toEqual([])
    expect((await client.send(look)).value.data.n).toBe(2)
  })

  it('while the response is still under way, edits are stored as ever', async () => {
    const { world, client } = await ended()
    const { session, commit, finish } = await client.open()
    await commit()
    session.data.n = 3
    await finish()
    expect((await client.send(look)).value.data.n).toBe(3)
    expect(world.eventsOf('fault')).toEqual([])
  })
})

describe('the memory that development checks use is bounded', () => {
  it('warnings: a hundred different ones', async () => {
    const world = createWorld()
    const { session, finish } = await world.client().open()
    await finish()
    for (let i = 0; i < 150; i++) session.data[`k${i}`] = 1
    expect(world.warnings).toHaveLength(100)
  })

  it('a hundred listeners of one event cause a warning, because each request may add one', async () => {
    const world = createWorld()
    for (let i = 0; i < 150; i++) world.sessions.on('login', () => {})
    expect(world.warnings).toHaveLength(1)
    expect(world.warnings[0]).toContain("listeners of 'login'")
  })
})

it.each([
  ['at once', false, (value: unknown) => value],
  ['at once', true, (value: unknown) => value],
  ['late', false, async (value: unknown) => value],
  ['late', true, async (value: unknown) => value],
])(
  '2 No lost update: a listener of `created` edits the data while the store answers %s (nested: %s)',
  async (_, isNested, answer) => {
    const memory = memoryStore()
    const create = (record: SessionRecord) => answer(memory.create(record)) as ReturnType<typeof memory.create>
    const sessions = createSessions({ store: { ...memory, create }, warn: () => undefined })
    const { session, commit, finish } = await sessions.open(toView({}))
    session.data.cart = { items: 1 }
    sessions.on('created', () => {
      if (isNested) Object.assign(session.data.cart ?? {}, { items: 2 })
      else session.data.greeted = true
    })
    const committed = commit()
    // As adapters do: a response that is sent in the same turn is whole.
    const isWhole = !(committed instanceof Promise)
    await committed
    await finish(isWhole)
    expect(await memory.read(session.id)).toMatchObject({
      data: isNested ? { cart: '{"items":2}' } : { cart: '{"items":1}', greeted: 'true' },
    })
  },
)

it('2 No lost update: a listener of `renewed` edits within a value while the store answers at once', async () => {
  const world = createWorld()
  const client = world.client()
  await client.send(edit({ cart: { items: 1 } }))
  for (let minutes = 0; minutes < 80; minutes += 20) {
    world.clock.advance(20 * MINUTE)
    const { session, commit, finish } = await client.open()
    const stop = world.sessions.on('renewed', () => {
      ;(session.data.cart as { items: number }).items = 2
    })
    client.receive(await commit())
    await finish(true)
    stop()
  }
  expect(world.eventsOf('renewed')).not.toEqual([])
  expect((await client.send(look)).value.data).toEqual({ cart: { items: 2 } })
})
