import express, { type Express } from 'express'
import session, { type SessionOptions } from 'express-session'

declare module 'express-session' {
  interface SessionData {
    user: string
    nickname: string
  }
}

export const ALICE = { name: 'alice', password: 'lantern-in-the-window' }

export interface ExpressSwitches {
  /** `regenerate` is what the manual says; default: the id is kept, as most applications do. */
  readonly regenerate?: boolean
  /** Only the cookie is cleared at logout. */
  readonly logoutClearsCookieOnly?: boolean
  readonly session?: Partial<SessionOptions>
}

const page = (body: string) => `<!doctype html><title>app</title>${body}`

/** What many a tutorial shows: express-session with its default options and a form. */
export function expressSessionApp(switches: ExpressSwitches = {}): Express {
  const app = express()
  app.use(
    session({ secret: 'a long secret of this test only', resave: false, saveUninitialized: true, ...switches.session }),
  )
  app.use(express.urlencoded({ extended: false }))

  app.get('/', (req, res) => {
    res.send(
      page(
        req.session.user
          ? `Hello ${req.session.user} <a href="/account">Account</a> <a href="/logout">Log out</a>`
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
      req.session.user = username
      res.redirect('/account')
    }
    if (!switches.regenerate) return enter()
    req.session.regenerate((error) => (error ? next(error) : enter()))
  })
  app.get('/account', (req, res) => {
    if (!req.session.user) return res.redirect('/login')
    return res.send(page(`Account of ${req.session.user}, called ${req.session.nickname ?? 'nothing'}`))
  })
  app.post('/account/nickname', (req, res) => {
    if (!req.session.user) return res.redirect('/login')
    req.session.nickname = String(req.body.nickname)
    return res.redirect('/account')
  })
  app.get('/logout', (req, res) => {
    if (switches.logoutClearsCookieOnly) return res.clearCookie('connect.sid').redirect('/')
    return req.session.destroy(() => res.clearCookie('connect.sid').redirect('/'))
  })
  return app
}
