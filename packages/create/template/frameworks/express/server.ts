import { createServer } from 'node:http'
import express from 'express'
import { expressSessions } from 'sojourn/express'
import { listen, type Running } from './listen.ts'
import { devicesPage, homePage, loginPage, type View } from './pages.ts'
import { sessions } from './sessions.ts'
import { checkPassword } from './users.ts'

const app = express()
app.disable('x-powered-by')

app.get('/health', async (_req, res) => {
  const { ok } = await sessions.health()
  res.sendStatus(ok ? 200 : 503)
})

// The body parser comes first: a session is read when its request has arrived completely.
app.use(express.urlencoded({ extended: false }))
app.use(expressSessions(sessions))

const viewOf = (req: express.Request): View => {
  const { userId, flash } = req.session
  return { user: userId, message: flash.take('message') }
}

app.get('/', (req, res) => {
  res.send(homePage(viewOf(req), req.session.data.cart))
})

app.post('/cart', async (req, res) => {
  const item = String(req.body?.item ?? '').trim()
  // `update` loses nothing if two tabs add at once. It keeps the last twenty.
  if (item !== '') await req.session.update('cart', (cart) => [...cart, item.slice(0, 60)].slice(-20))
  res.redirect(303, '/')
})

app.post('/cart/empty', (req, res) => {
  req.session.data.cart = []
  res.redirect(303, '/')
})

app.get('/login', (req, res) => {
  res.send(loginPage(viewOf(req)))
})

app.post('/login', async (req, res) => {
  const { session } = req
  const name = String(req.body?.name ?? '')
  const userId = await checkPassword(name, String(req.body?.password ?? ''))
  if (userId === null) {
    // The message is in this response. A flash message would store a session for each wrong guess.
    return res
      .status(401)
      .send(loginPage({ user: session.userId, message: 'The name or the password is wrong.' }, name))
  }
  await session.login(userId)
  res.redirect(303, '/')
})

app.post('/logout', async (req, res) => {
  await req.session.logout()
  res.redirect(303, '/')
})

app.get('/devices', async (req, res) => {
  const { session } = req
  if (session.userId === null) return res.redirect(303, '/login')
  res.send(devicesPage(viewOf(req), await session.devices()))
})

app.post('/devices/end', async (req, res) => {
  const { session } = req
  if (session.userId === null) return res.redirect(303, '/login')
  const isEnded = await session.revokeDevice(String(req.body?.id))
  session.flash.set('message', isEnded ? 'The device is logged out.' : 'The device was logged out already.')
  res.redirect(303, '/devices')
})

export function start(port: number): Promise<Running> {
  return listen(createServer(app), port)
}
