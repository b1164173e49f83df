import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { honoSessions } from 'sojourn/hono'
import { listen, type Running } from './listen.ts'
import { devicesPage, homePage, loginPage, type View } from './pages.ts'
import { sessions } from './sessions.ts'
import { checkPassword } from './users.ts'

const app = new Hono()

app.get('/health', async (c) => {
  const { ok } = await sessions.health()
  return c.body(null, ok ? 200 : 503)
})

app.use(bodyLimit({ maxSize: 100_000 }))
app.use(honoSessions(sessions))

const viewOf = (c: Context): View => {
  const { userId, flash } = c.var.session
  return { user: userId, message: flash.take('message') }
}

/** The fields of a form. A body that cannot be read as one is a mistake of the client. */
async function formOf(c: Context) {
  try {
    return await c.req.parseBody()
  } catch {
    throw new HTTPException(415, { message: 'Not a form' })
  }
}

app.get('/', (c) => c.html(homePage(viewOf(c), c.var.session.data.cart)))

app.post('/cart', async (c) => {
  const { item = '' } = await formOf(c)
  const text = String(item).trim()
  // `update` loses nothing if two tabs add at once. It keeps the last twenty.
  if (text !== '') await c.var.session.update('cart', (cart) => [...cart, text.slice(0, 60)].slice(-20))
  return c.redirect('/', 303)
})

app.post('/cart/empty', (c) => {
  c.var.session.data.cart = []
  return c.redirect('/', 303)
})

app.get('/login', (c) => c.html(loginPage(viewOf(c))))

app.post('/login', async (c) => {
  const { session } = c.var
  const { name = '', password = '' } = await formOf(c)
  const userId = await checkPassword(String(name), String(password))
  if (userId === null) {
    // The message is in this response. A flash message would store a session for each wrong guess.
    const view = { user: session.userId, message: 'The name or the password is wrong.' }
    return c.html(loginPage(view, String(name)), 401)
  }
  await session.login(userId)
  return c.redirect('/', 303)
})

app.post('/logout', async (c) => {
  await c.var.session.logout()
  return c.redirect('/', 303)
})

app.get('/devices', async (c) => {
  const { session } = c.var
  if (session.userId === null) return c.redirect('/login', 303)
  return c.html(devicesPage(viewOf(c), await session.devices()))
})

app.post('/devices/end', async (c) => {
  const { session } = c.var
  if (session.userId === null) return c.redirect('/login', 303)
  const { id } = await formOf(c)
  const isEnded = await session.revokeDevice(String(id))
  session.flash.set('message', isEnded ? 'The device is logged out.' : 'The device was logged out already.')
  return c.redirect('/devices', 303)
})

export function start(port: number): Promise<Running> {
  return listen(createAdaptorServer({ fetch: app.fetch }) as Server, port)
}
