import { createServer } from 'node:http'
import type { Session } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { type Client, toNodeHandler } from 'sojourn/node'
import { listen, type Running } from './listen.ts'
import { devicesPage, homePage, loginPage, type View } from './pages.ts'
import { sessions } from './sessions.ts'
import { checkPassword } from './users.ts'

type Handler = (session: Session, form: FormData) => Response | Promise<Response>

const toPage = (text: string, status = 200): Response =>
  new Response(text, { status, headers: { 'content-type': 'text/html; charset=utf-8' } })
const redirect = (location: string): Response => new Response(null, { status: 303, headers: { location } })
const viewOf = ({ userId, flash }: Session): View => ({ user: userId, message: flash.take('message') })

// The handlers make web Responses, so they also run on Bun, Deno and Workers.
const routes: Record<string, Handler> = {
  async 'GET /health'() {
    const { ok } = await sessions.health()
    return new Response(null, { status: ok ? 200 : 503 })
  },

  'GET /': (session) => toPage(homePage(viewOf(session), session.data.cart)),

  async 'POST /cart'(session, form) {
    const item = String(form.get('item') ?? '').trim()
    // `update` loses nothing if two tabs add at once. It keeps the last twenty.
    if (item !== '') await session.update('cart', (cart) => [...cart, item.slice(0, 60)].slice(-20))
    return redirect('/')
  },

  'POST /cart/empty'(session) {
    session.data.cart = []
    return redirect('/')
  },

  'GET /login': (session) => toPage(loginPage(viewOf(session))),

  async 'POST /login'(session, form) {
    const name = String(form.get('name') ?? '')
    const userId = await checkPassword(name, String(form.get('password') ?? ''))
    if (userId === null) {
      // The message is in this response. A flash message would store a session for each wrong guess.
      return toPage(loginPage({ user: session.userId, message: 'The name or the password is wrong.' }, name), 401)
    }
    await session.login(userId)
    return redirect('/')
  },

  async 'POST /logout'(session) {
    await session.logout()
    return redirect('/')
  },

  async 'GET /devices'(session) {
    if (session.userId === null) return redirect('/login')
    return toPage(devicesPage(viewOf(session), await session.devices()))
  },

  async 'POST /devices/end'(session, form) {
    if (session.userId === null) return redirect('/login')
    const isEnded = await session.revokeDevice(String(form.get('id')))
    session.flash.set('message', isEnded ? 'The device is logged out.' : 'The device was logged out already.')
    return redirect('/devices')
  },
}

// The largest form, in bytes. A body of unknown length is refused too.
const LIMIT = 100_000

async function formOf(request: Request): Promise<FormData | Response> {
  if (request.body === null) return new FormData()
  const length = request.headers.get('content-length')
  if (length === null || Number(length) > LIMIT) return new Response('Too large', { status: 413 })
  return request.formData().catch(() => new Response('Not a form', { status: 415 }))
}

const handler = withSession(
  sessions,
  async (request: Request, session, _client: Client) => {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const route = routes[`${method} ${new URL(request.url).pathname}`]
    if (route === undefined) return new Response('Not found', { status: 404 })
    const form = await formOf(request)
    return form instanceof Response ? form : route(session, form)
  },
  { peer: (_request, { peer }) => peer },
)

export function start(port: number): Promise<Running> {
  return listen(createServer(toNodeHandler(handler)), port)
}
