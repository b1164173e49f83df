import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { type Request, type RequestHandler, Router } from 'express'
import { createSessions, type JsonValue, memoryStore, type RequestView, type Session, type Sessions } from 'sojourn'
import { createShop } from '../../../../examples/shop/src/app.ts'
import type { Cart } from '../../../../examples/shop/src/cart.ts'
import { openShop } from '../../../../examples/shop/src/open-shop.ts'
import { ShopData } from '../../../../examples/shop/src/sessions.ts'
import { temporaryFolder } from '../../../../examples/shop/test/shop.ts'
import { listen, type Served } from './serve.ts'

/** Loaded without its types, which would give `req.session` of the shop another type. */
const expressSession = createRequire(import.meta.url)('express-session') as (options: object) => RequestHandler

/** The shop's data in express-session, and the one method of express-session that the shop uses. */
interface Kept {
  user?: string
  provedAt?: number
  cart?: Cart
  challenge?: ShopData['challenge']
  flash?: Record<string, JsonValue>
  destroy(done: (error: unknown) => void): void
}

type Used = Omit<Session<ShopData>, 'id' | 'rotate' | 'createdAt' | 'assurance' | 'device'>

const DAY = 24 * 60 * 60 * 1000
const SECRET = 'a long secret of this test only'

/** The real shop, its users, routes and pages, with express-session at its defaults for its sessions. */
export async function shopOnExpressSession(): Promise<Served> {
  const folder = temporaryFolder()
  const sessions = createSessions({ store: memoryStore(), data: ShopData })
  // express-session cannot find the other sessions of a user.
  const shop = await openShop(folder.path, { ...sessions, passwordChanged: async () => 0 })
  const served = await listen(createServer(createShop(shop, sessionsOfExpress(shop.sessions))), 'http')
  return {
    url: served.url,
    async close() {
      await served.close()
      await shop.close()
      folder.remove()
    },
  }
}

/** `sessions` stores nothing here: it only lets the shop's `sessions.get(req)` find what express-session opened. */
function sessionsOfExpress(sessions: Sessions<ShopData>): RequestHandler {
  const router = Router()
  // Explicit defaults cause no warning.
  router.use(expressSession({ secret: SECRET, resave: true, saveUninitialized: true }))
  router.use(async (req, _res, next) => {
    const methods = Object.getOwnPropertyDescriptors(asTutorialsDo((req as unknown as { session: Kept }).session))
    // The shop's `requireUser` looks for a session of Sojourn, so its members are replaced.
    const { session } = await sessions.open(viewOf(req))
    for (const [name, method] of Object.entries(methods))
      for (const target of [req.session, session]) Object.defineProperty(target, name, { ...method, enumerable: false })
    sessions.attach(req, session)
    next()
  })
  return router
}

function viewOf({ method, originalUrl, headers }: Request): RequestView {
  const header = (name: string): string | null => headers[name]?.toString() ?? null
  return { method, url: originalUrl, secure: false, peer: null, header }
}

/** The session members that the shop uses, as they are usually written on express-session. */
function asTutorialsDo(kept: Kept): Used {
  const prove = async () => {
    kept.provedAt = Date.now()
  }
  return {
    get userId() {
      return kept.user ?? null
    },
    get data() {
      return { cart: kept.cart ?? {} }
    },
    get authenticatedAt() {
      return kept.provedAt === undefined ? null : new Date(kept.provedAt)
    },
    isNew: false,
    methods: ['pwd'],
    lastSeenAt: new Date(),
    expiresAt: new Date(Date.now() + DAY),
    refused: null,
    flash: flashOf(kept),

    async update(key, change) {
      const value = await change(kept[key] ?? {})
      kept[key] = value
      return value
    },
    login(user) {
      kept.user = user
      return prove()
    },
    logout: () => new Promise((done, failed) => kept.destroy((error) => (error ? failed(error) : done()))),
    reauthenticated: prove,
    authenticatedWithin: () => Date.now() - (kept.provedAt ?? 0) < DAY,

    // Its store can be asked for one session by its id, and knows no users.
    devices: async () => [],
    revokeDevice: async () => false,
    revokeOthers: async () => 0,
  }
}

function flashOf(kept: Kept): Session['flash'] {
  return {
    set(key, value) {
      kept.flash = { ...kept.flash, [key]: value }
    },
    take<Value extends JsonValue>(key: string) {
      const { [key]: value, ...others } = kept.flash ?? {}
      kept.flash = others
      return value as Value | undefined
    },
  }
}
