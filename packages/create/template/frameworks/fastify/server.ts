import type { AddressInfo } from 'node:net'
import formbody from '@fastify/formbody'
import Fastify, { type FastifyRequest } from 'fastify'
import { fastifySessions } from 'sojourn/fastify'
import { devicesPage, homePage, loginPage, type View } from './pages.ts'
import { sessions } from './sessions.ts'
import { checkPassword } from './users.ts'

// Logs the errors that a user sees as 500.
const app = Fastify({ logger: { level: 'error' } })

app.register(formbody)
app.register(fastifySessions, { sessions })

type Form = { Body: Record<string, string> | null }

const viewOf = ({ session }: FastifyRequest): View => ({
  user: session.userId,
  message: session.flash.take('message'),
})

app.get('/health', async (_request, reply) => {
  const { ok } = await sessions.health()
  return reply.code(ok ? 200 : 503).send()
})

app.get('/', async (request, reply) => {
  return reply.type('text/html; charset=utf-8').send(homePage(viewOf(request), request.session.data.cart))
})

app.post<Form>('/cart', async (request, reply) => {
  const item = String(request.body?.item ?? '').trim()
  // `update` loses nothing if two tabs add at once. It keeps the last twenty.
  if (item !== '') await request.session.update('cart', (cart) => [...cart, item.slice(0, 60)].slice(-20))
  return reply.redirect('/', 303)
})

app.post('/cart/empty', async (request, reply) => {
  request.session.data.cart = []
  return reply.redirect('/', 303)
})

app.get('/login', async (request, reply) => {
  return reply.type('text/html; charset=utf-8').send(loginPage(viewOf(request)))
})

app.post<Form>('/login', async (request, reply) => {
  const { session } = request
  const name = String(request.body?.name ?? '')
  const userId = await checkPassword(name, String(request.body?.password ?? ''))
  if (userId === null) {
    // The message is in this response. A flash message would store a session for each wrong guess.
    const view = { user: session.userId, message: 'The name or the password is wrong.' }
    return reply.code(401).type('text/html; charset=utf-8').send(loginPage(view, name))
  }
  await session.login(userId)
  return reply.redirect('/', 303)
})

app.post('/logout', async (request, reply) => {
  await request.session.logout()
  return reply.redirect('/', 303)
})

app.get('/devices', async (request, reply) => {
  const { session } = request
  if (session.userId === null) return reply.redirect('/login', 303)
  return reply.type('text/html; charset=utf-8').send(devicesPage(viewOf(request), await session.devices()))
})

app.post<Form>('/devices/end', async (request, reply) => {
  const { session } = request
  if (session.userId === null) return reply.redirect('/login', 303)
  const isEnded = await session.revokeDevice(String(request.body?.id))
  session.flash.set('message', isEnded ? 'The device is logged out.' : 'The device was logged out already.')
  return reply.redirect('/devices', 303)
})

/** `stop` accepts no new connections, and resolves when the requests in flight are answered. */
export async function start(wanted: number): Promise<{ port: number; stop(): Promise<void> }> {
  await app.listen({ port: wanted })
  const { port } = app.server.address() as AddressInfo
  return { port, stop: () => app.close() }
}
