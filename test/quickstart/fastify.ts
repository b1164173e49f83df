import Fastify from 'fastify'
import { fastifySessions } from 'sojourn/fastify'
import { sessions } from './sessions.ts'

export const app = Fastify()
app.register(fastifySessions, { sessions })
app.get('/', (req) => req.session.userId)
