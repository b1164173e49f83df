/** An application with the types of express-session. A program of its own, because they declare another `req.session`. */
import { RedisStore } from 'connect-redis'
import express from 'express'
import { createClient } from 'redis'
import { memoryStore } from 'sojourn'
import session from 'sojourn/express-session'
import { expectTypeOf } from 'vitest'

declare module 'express-session' {
  interface SessionData {
    userId: string
  }
}

const app = express()
app.use(session({ secret: 'x', resave: false, saveUninitialized: false, store: memoryStore() }))
app.use(session({ secret: ['new', 'old'], store: new RedisStore({ client: createClient() }) }))
app.use(session({ secret: 'x', store: new session.MemoryStore(), cookie: { secure: 'auto', maxAge: 60_000 } }))
// @ts-expect-error: no such value
session({ secret: 'x', unset: 'delete' })

app.post('/', (req, res, next) => {
  expectTypeOf(req.session.userId).toEqualTypeOf<string | undefined>()
  req.session.userId = 'ann'
  // @ts-expect-error: not declared
  req.session.usrId = 'ann'
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.save(() => res.redirect('/'))
  })
})
