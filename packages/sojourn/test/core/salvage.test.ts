import { cookieCarrier, type Session } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, rejection, setCookiesOf, type TestData } from './kit.ts'

type Handler = (session: Session<TestData>) => Promise<void>

async function loggedIn() {
  const world = createWorld()
  const client = world.client()
  await client.send((session) => session.login('ada'))
  return { world, client }
}

const MAKES_A_TOKEN: [string, Handler][] = [
  ['login', (session) => session.login('ada')],
  ['rotate', (session) => session.rotate()],
  ['reauthenticated', (session) => session.reauthenticated()],
]

describe('5 A token that exists reaches the client with any response', () => {
  it.each(MAKES_A_TOKEN)('the token of %s, although the commit after it fails', async (_, verb) => {
    const { world, client } = await loggedIn()
    const exchange = await client.open()
    await verb(exchange.session)
    exchange.session.data.cart = ['lamp']
    world.store.fail('write')
    expect((await rejection(async () => exchange.commit())).code).toBe('ERR_STORE')
    client.receive(exchange.salvage())
    expect((await client.send((session) => session.userId)).value).toBe('ada')
  })

  it.each(MAKES_A_TOKEN)(
    'the token of %s, once more, when the response could not be sent after the commit',
    async (_, verb) => {
      const { client } = await loggedIn()
      const exchange = await client.open()
      await verb(exchange.session)
      const sent = setCookiesOf(await exchange.commit())
      expect(sent).toHaveLength(1)
      expect(setCookiesOf(exchange.salvage())).toEqual(sent)
    },
  )

  it('a carrier that cannot write the token does not keep the error page from being sent', async () => {
    const write = (): never => {
      throw new Error('the key server is down')
    }
    const world = createWorld({ carriers: [{ ...cookieCarrier(), write }] })
    const exchange = await world.client().open()
    await exchange.session.login('ada')
    expect((await rejection(async () => exchange.commit())).message).toBe('the key server is down')
    expect(exchange.salvage()).toEqual([])
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'carrier cookie' }])
  })

  it('a logout is heard of, although the response fails', async () => {
    const { client } = await loggedIn()
    const exchange = await client.open()
    await exchange.session.logout()
    client.receive(exchange.salvage())
    expect(client.token()).toBeNull()
  })

  it('no header concerns a token that was not used, and none can be handed out after it', async () => {
    const { client } = await loggedIn()
    const exchange = await client.open()
    exchange.session.data.cart = ['lamp']
    expect(exchange.salvage()).toEqual([])
    expect((await rejection(exchange.session.login('ada'))).code).toBe('ERR_HEADERS_SENT')
  })
})
