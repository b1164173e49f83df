import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { createEmitter } from '../../src/core/lib/emitter.ts'
import { createWorld, edit, MINUTE } from './kit.ts'

const EVENT = { id: 'x' as never }
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a listener', () => {
  it('that another one stops during the event does not hear it', () => {
    const events = createEmitter(Date.now, console.warn)
    const heard: string[] = []
    const stops: (() => void)[] = []
    events.on('created', () => stops.forEach((stop) => void stop()))
    stops.push(events.on('created', () => heard.push('own')))
    stops.push(events.on('*', () => heard.push('all')))
    events.emit('created', EVENT)
    expect(heard).toEqual([])
  })

  it('that is passed twice is called twice, and each stops on its own', () => {
    const events = createEmitter(Date.now, console.warn)
    let heard = 0
    const listener = (): void => void heard++
    const stop = events.on('created', listener)
    events.on('created', listener)
    events.emit('created', EVENT)
    expect(heard).toBe(2)
    stop()
    stop()
    events.emit('created', EVENT)
    expect(heard).toBe(3)
  })

  // Jest runs tests in a realm of their own, and `instanceof Promise` does not know its promises.
  it.each([
    ['a promise of another realm', () => runInNewContext('Promise.reject(new Error("late"))')],
    // biome-ignore lint/suspicious/noThenProperty: database libraries return such objects.
    ['the query of a library', () => ({ then: (_: unknown, fail: (error: Error) => void) => fail(new Error('late')) })],
  ])('that returns %s which rejects is a fault, and does not end the process', async (_, fail) => {
    const world = createWorld()
    const client = world.client()
    world.sessions.on('login', fail as () => void)
    await client.send((session) => session.login('ada'))
    const [info] = await world.sessions.list('ada')
    world.sessions.watch(info?.id as never, fail as () => void)
    await world.sessions.revokeAll('ada')
    await settle()
    expect(world.eventsOf('fault')).toMatchObject([
      { operation: "listener of 'login'", error: { message: 'late' } },
      { operation: 'listener of watch', error: { message: 'late' } },
    ])
  })

  it('may return anything else', async () => {
    const world = createWorld()
    // biome-ignore lint/suspicious/noThenProperty: it is no promise, although it has this member.
    for (const value of [null, 0, 'text', { then: 1 }]) world.sessions.on('created', () => value as never)
    await world.client().send(edit({ a: 1 }))
    world.clock.advance(MINUTE)
    await settle()
    expect(world.eventsOf('fault')).toEqual([])
  })
})
