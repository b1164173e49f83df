import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, rejection, setCookiesOf } from './kit.ts'

async function twoRequests(options = {}) {
  const world = createWorld(options)
  const client = world.client()
  await client.send(edit({ lang: 'en', cart: ['lamp'], theme: 'dark' }))
  const slow = await client.open()
  void slow.session.data.lang
  return { world, client, slow }
}

describe.each([false, true])('a login does not undo the handler’s own edits (sealed: %s)', (sealed) => {
  it('of keys that a parallel request changed before', async () => {
    const { client, slow } = await twoRequests({ sealed })
    await client.send(edit({ lang: 'de', cart: ['lamp', 'desk'], theme: 'light' }))
    const { session } = slow
    session.data.lang = 'fr'
    delete session.data.cart
    await session.login('ada')
    expect({ ...session.data }).toEqual({ lang: 'fr', theme: 'light' })
    client.receive(await slow.commit())
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', data: { lang: 'fr', theme: 'light' } })
  })

  it('of keys that a parallel request removed, or made', async () => {
    const { client, slow } = await twoRequests({ sealed })
    await client.send(({ data }) => {
      delete data.lang
      data.fresh = 'theirs'
    })
    Object.assign(slow.session.data, { lang: 'fr', fresh: 'mine' })
    await slow.session.login('ada')
    client.receive(await slow.commit())
    expect((await client.send(look)).value.data).toEqual({ lang: 'fr', cart: ['lamp'], theme: 'dark', fresh: 'mine' })
  })

  it('of flash values', async () => {
    const { client, slow } = await twoRequests({ sealed })
    await client.send(({ flash }) => flash.set('note', 'theirs'))
    slow.session.flash.set('note', 'mine')
    await slow.session.login('ada')
    client.receive(await slow.commit())
    expect((await client.send(({ flash }) => flash.take('note'))).value).toBe('mine')
  })

  it('of a flash value that it takes while the login runs: it is not seen twice', async () => {
    const world = createWorld({ sealed })
    const client = world.client()
    await client.send(({ flash }) => flash.set('note', 'once'))
    const { session, commit } = await client.open()
    const gate = world.store.hold('create')
    const login = session.login('ada')
    await gate.reached
    expect(session.flash.take('note')).toBe('once')
    gate.release()
    await login
    expect(session.flash.take('note')).toBeUndefined()
    client.receive(await commit())
    expect((await client.send(({ flash }) => flash.take('note'))).value).toBeUndefined()
  })

  it.each(['create', 'end'] as const)('that it makes while the login runs (the store is at %s)', async (operation) => {
    const { world, client, slow } = await twoRequests({ sealed })
    const { session } = slow
    const gate = world.store.hold(operation)
    const login = session.login('ada')
    await gate.reached
    session.data.lang = 'fr'
    delete session.data.theme
    ;(session.data.cart as string[]).push('desk')
    session.flash.set('note', 'welcome')
    gate.release()
    await login
    expect({ ...session.data }).toEqual({ lang: 'fr', cart: ['lamp', 'desk'] })
    client.receive(await slow.commit())
    const { value } = await client.send((next) => [look(next).data, next.flash.take('note')])
    expect(value).toEqual([{ lang: 'fr', cart: ['lamp', 'desk'] }, 'welcome'])
  })
})

describe('a login that runs when an error page takes the place of the response', () => {
  it.each(['create', 'end', null] as const)(
    'sends no cookie of a session that is ended, and the error names the missing await (the store is at %s)',
    async (operation) => {
      const world = createWorld()
      const client = world.client()
      await client.send(edit({ lang: 'en' }))
      const exchange = await client.open()
      const gate = operation === null ? null : world.store.hold(operation)
      const login = rejection(exchange.session.login('ada'))
      await gate?.reached
      expect(setCookiesOf(exchange.salvage())).toEqual([])
      gate?.release()
      const error = await login
      expect(error).toMatchObject({ code: 'ERR_HEADERS_SENT' })
      expect(error.message).toContain('await')
      expect(await world.sessions.list('ada')).toEqual([])
    },
  )
})
