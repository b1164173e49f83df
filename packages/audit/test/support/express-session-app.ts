import { createRequire } from 'node:module'
import express, { type Express, type Request, type RequestHandler } from 'express'

/** Loaded without its types: they would give `req.session` of every other application in this repository another type. */
const session = createRequire(import.meta.url)('express-session') as (options: object) => RequestHandler

interface ExpressSession {
  readonly id: string
  user?: string
  nickname?: string
  regenerate(done: (error: unknown) => void): void
  destroy(done: () => void): void
}

const sessionOf = (req: Request) => (req as unknown as { session: ExpressSession }).session

export const ALICE = { name: 'alice', password: 'lantern-in-the-window' }

export interface ExpressSwitches {
  /** `regenerate` is what the manual says; default: the id is kept, as most applications do. */
  readonly regenerate?: boolean
  /** Only the cookie is cleared at logout. */
  readonly logoutClearsCookieOnly?: boolean
  /** The account page shows the id, which is the cookie without its signature. */
  readonly showsId?: boolean
  readonly session?: Readonly<Record<string, unknown>>
}

const page = (body: string) => `<!doctype html><title>app</title>${body}`

/** The application of many tutorials: express-session with its default options and a form. */
export function expressSessionApp(switches: ExpressSwitches = {}): Express {
  const app = express()
  app.use(
    session({ secret: 'a long secret of this test only', resave: false, saveUninitialized: true, ...switches.session }),
  )
  app.use(express.urlencoded({ extended: false }))

  app.get('/', (req, res) => {
    res.send(
      page(
        sessionOf(req).user
          ? `Hello ${sessionOf(req).user} <a href="/account">Account</a> <a href="/logout">Log out</a>`
          : '<a href="/login">Log in</a>',
      ),
    )
  })
  app.get('/login', (_req, res) => {
    res.send(
      page(
        '<form method="post" action="/login"><input name="username"><input name="password" type="password"><button>Log in</button></form>',
      ),
    )
  })
  app.post('/login', (req, res, next) => {
    const { username, password } = req.body
    if (username !== ALICE.name || password !== ALICE.password) return res.status(401).send(page('Wrong.'))
    const enter = () => {
      sessionOf(req).user = username
      res.redirect('/account')
    }
    if (!switches.regenerate) return enter()
    sessionOf(req).regenerate((error) => (error ? next(error) : enter()))
  })
  app.get('/account', (req, res) => {
    if (!sessionOf(req).user) return res.redirect('/login')
    const id = switches.showsId ? `<p>session ${sessionOf(req).id}.</p>` : ''
    return res.send(page(`${id}Account of ${sessionOf(req).user}, called ${sessionOf(req).nickname ?? 'nothing'}`))
  })
  app.post('/account/nickname', (req, res) => {
    if (!sessionOf(req).user) return res.redirect('/login')
    sessionOf(req).nickname = String(req.body.nickname)
    return res.redirect('/account')
  })
  app.get('/logout', (req, res) => {
    if (switches.logoutClearsCookieOnly) return res.clearCookie('connect.sid').redirect('/')
    return sessionOf(req).destroy(() => res.clearCookie('connect.sid').redirect('/'))
  })
  return app
}
