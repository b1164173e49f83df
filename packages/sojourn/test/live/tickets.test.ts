import { cookieCarrier } from 'sojourn/carriers/cookie'
import { type TicketCarrier, ticketCarrier } from 'sojourn/carriers/ticket'
import { liveWebSockets } from 'sojourn/live/ws'
import { describe, expect, it, vi } from 'vitest'
import { createClient, createWorld, rejection, SECOND, type TestData, type World } from '../core/kit.ts'
import { type DialOptions, dial, logIn, OWN, onClose, said, start } from './kit.ts'

const FOR_CHAT = { path: '/chat', origin: OWN }

async function serve() {
  const tickets = ticketCarrier()
  const world = createWorld<TestData>({ carriers: [tickets, cookieCarrier()] })
  const { server, address } = await start()
  const sockets = liveWebSockets(world.sessions, { server })
  onClose(() => sockets.close())
  sockets.on('connection', (socket, session) => {
    socket.on('message', async () => {
      await session.reload()
      await session.update('seen', () => true)
      socket.send(`still ${session.userId}`)
    })
    socket.send(`hello ${session.userId}`)
  })
  const client = createClient(world.sessions)
  await logIn(client, 'ada')
  return { tickets, world, address, client }
}

type Site = Awaited<ReturnType<typeof serve>>

const issue = async ({ client, tickets }: Site, use = FOR_CHAT): Promise<string> =>
  (await client.send((session) => tickets.issue(session, use))).value

async function present(site: Site, ticket: string, options: DialOptions = {}): Promise<string | number> {
  const { status, messages } = await dial(site.address, { path: `/chat?ticket=${ticket}`, ...options })
  if (status !== 101) return status
  await vi.waitFor(() => expect(messages).toHaveLength(1))
  return messages[0] ?? ''
}

describe('a ticket', () => {
  it('opens one connection, in the query or as a protocol, which is not repeated', async () => {
    const site = await serve()
    expect(await present(site, await issue(site))).toBe('hello ada')
    const protocols = ['chat', `sojourn.ticket.${await issue(site)}`]
    const { status, socket } = await dial(site.address, { protocols })
    expect(status).toBe(101)
    expect(socket.protocol).toBe('chat')
  })

  it('used twice opens nothing the second time, also in the same moment', async () => {
    const site = await serve()
    const ticket = await issue(site)
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => present(site, ticket)))
    expect(outcomes.sort()).toEqual([401, 401, 401, 401, 'hello ada'])
    expect(await present(site, ticket)).toBe(401)
  })

  it('that comes late opens nothing', async () => {
    const site = await serve()
    const ticket = await issue(site)
    site.world.clock.advance(30 * SECOND)
    expect(await present(site, ticket)).toBe(401)
  })

  it('over a cookie of another user opens the session of the ticket, and a bad ticket falls back to no cookie', async () => {
    const site = await serve()
    const bob = createClient(site.world.sessions)
    await logIn(bob, 'bob')
    const ticket = await issue(site)
    expect(await present(site, ticket, { cookie: bob.cookie() })).toBe('hello ada')
    expect(await present(site, ticket, { cookie: bob.cookie() })).toBe(401)
    expect(await present(site, 'x', { cookie: bob.cookie() })).toBe(401)
    expect(await present(site, '', { cookie: bob.cookie() })).toBe(401)
  })

  it('from another origin, or for another path, opens nothing', async () => {
    const site = await serve()
    expect(await present(site, await issue(site), { origin: 'https://evil.example' })).toBe(401)
    expect(await present(site, await issue(site), { origin: null })).toBe(401)
    expect(await present(site, await issue(site, { ...FOR_CHAT, path: '/other' }))).toBe(401)
  })

  it('of a client without an Origin needs none', async () => {
    const site = await serve()
    const { value } = await site.client.send((session) => site.tickets.issue(session, { path: '/chat', origin: null }))
    expect(await present(site, value, { origin: null })).toBe('hello ada')
  })

  it('opens nothing once the session has ended, or its token was rotated', async () => {
    const site = await serve()
    const first = await issue(site)
    await site.client.send((session) => session.rotate())
    expect(await present(site, first)).toBe(401)
    const second = await issue(site)
    await site.client.send((session) => session.logout())
    expect(await present(site, second)).toBe(401)
  })

  it('counts on handshakes only, and a store keeps no text of it', async () => {
    const site = await serve()
    const ticket = await issue(site)
    const url = `/account?ticket=${ticket}`
    expect((await createClient(site.world.sessions).send(({ userId }) => userId, { url })).value).toBe(null)
    expect(JSON.stringify(site.world.store.calls)).not.toContain(ticket)
    expect((await site.world.sessions.list('ada')).length).toBe(1)
    expect(await present(site, ticket)).toBe('hello ada')
  })

  it('two in one handshake are ambiguous', async () => {
    const site = await serve()
    const query = `/chat?ticket=${await issue(site)}&ticket=${await issue(site)}`
    expect((await dial(site.address, { path: query })).status).toBe(401)
  })

  it('of a connection is tied to the session: it reads and writes later, and closes with the logout', async () => {
    const site = await serve()
    const { socket, closed } = await dial(site.address, { path: `/chat?ticket=${await issue(site)}` })
    site.world.clock.advance(60 * SECOND)
    socket.send('x')
    expect(await said(socket, 'still ada')).toBe('still ada')
    expect((await site.client.send(({ data }) => data.seen)).value).toBe(true)
    await site.client.send((session) => session.logout())
    expect((await closed)[0]).toBe(4401)
  })

  it('is for users, and lives a minute at most', async () => {
    const site: { tickets: TicketCarrier; world: World<TestData> } = await serve()
    const visitor = createClient(site.world.sessions)
    expect(await rejection(visitor.send((session) => site.tickets.issue(session, FOR_CHAT)))).toMatchObject({
      code: 'ERR_NOT_AUTHENTICATED',
    })
    expect(() => ticketCarrier({ life: '2m' })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})
