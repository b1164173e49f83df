import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { expressSessions } from 'sojourn/express'
import { securityHeaders } from './headers.ts'
import { messagePage } from './pages/message.ts'
import { accountRoutes } from './routes/account.ts'
import { browseRoutes } from './routes/browse.ts'
import { cartRoutes } from './routes/cart.ts'
import { checkoutRoutes } from './routes/checkout.ts'
import { confirmRoutes } from './routes/confirm.ts'
import { passkeyRoutes } from './routes/passkeys.ts'
import { passwordRoutes } from './routes/password.ts'
import { show } from './routes/show.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { signUpRoutes } from './routes/sign-up.ts'
import type { Shop } from './shop.ts'

const PUBLIC = fileURLToPath(new URL('../public', import.meta.url))
const require = createRequire(import.meta.url)
const FONT = require.resolve('@fontsource/young-serif/files/young-serif-latin-400-normal.woff2')
const WEBAUTHN = join(dirname(require.resolve('@simplewebauthn/browser')), '../dist/bundle/index.umd.min.js')

/** `sessions`: another middleware that gives requests a session, to compare with. */
export function createShop(shop: Shop, sessions: RequestHandler = expressSessions(shop.sessions)): Express {
  const app = express()
  app.disable('x-powered-by')
  if (shop.origin !== undefined) app.set('trust proxy', 1)
  app.use(securityHeaders())
  app.use(express.static(PUBLIC))
  app.use('/fonts', express.static(dirname(FONT), { maxAge: '1y' }))
  app.get('/scripts/simplewebauthn.js', (_req, res) => res.sendFile(WEBAUTHN))

  app.use(sessions)
  app.use(express.urlencoded({ extended: false, limit: '8kb' }))

  app.use(browseRoutes(shop), cartRoutes(shop))
  app.use(signInRoutes(shop), signUpRoutes(shop), confirmRoutes(shop))
  app.use(checkoutRoutes(shop), accountRoutes(shop), passwordRoutes(shop), passkeyRoutes(shop))

  app.use((req, res) => show(shop, req, res, messagePage('Lost', 'There is no page at this address.'), 404))
  app.use(failed)
  return app
}

/** No page frame here: it needs the session, and what failed may be just that. */
const failed: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error)
  const status: number = error.status ?? 500
  if (status === 401) return res.redirect(303, '/sign-in')
  if (status >= 500) console.error(error)
  res
    .status(status)
    .set(error.headers ?? {})
    .type('text')
    .send(status === 503 ? 'Back in a moment.' : 'Something broke.')
}
