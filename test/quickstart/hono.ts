import { Hono } from 'hono'
import { honoSessions } from 'sojourn/hono'
import { sessions } from './sessions.ts'

export const app = new Hono()
app.use(honoSessions(sessions))
app.get('/', (c) => c.text(c.var.session.userId ?? ''))
