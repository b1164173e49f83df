import { createServer } from 'node:http'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { memoryStore } from 'sojourn'
import session, { type Session, type SessionOptions, type SessionStore } from 'sojourn/express-session'
import { onTestFinished } from 'vitest'
import { listen } from '../support/node-reply.ts'

export interface OldRequest {
  session: Session
  sessionID: string
  sessionStore: SessionStore
}

/** The request with the members that the middleware adds. `sojourn/express` declares others for this program. */
export const old = (request: object): OldRequest => request as OldRequest

/** A kind of store that every guarantee is tested on. */
export const STORES: readonly (readonly [name: string, create: () => SessionOptions['store']])[] = [
  ['MemoryStore', () => new session.MemoryStore()],
  ['a Sojourn store', () => memoryStore()],
]

export interface App {
  readonly app: Express
  readonly errors: Error[]
  readonly origin: string
}

/** An application with sessions, and the errors that reached its error handler. */
export async function serve(options: SessionOptions, add: (app: Express) => void): Promise<App> {
  const app = express()
  app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false, ...options }))
  add(app)
  const errors: Error[] = []
  const onError: ErrorRequestHandler = (error, _, response, __) => {
    errors.push(error)
    if (!response.headersSent) response.status(error.status ?? 500).end(error.message)
  }
  app.use(onError)
  const server = await listen(createServer(app))
  onTestFinished(() => server.close())
  return { app, errors, origin: server.origin }
}

/** A client that keeps its cookies, as a browser does. */
export class Client {
  readonly cookies = new Map<string, string>()
  readonly #origin: string

  constructor(origin: string) {
    this.#origin = origin
  }

  async send(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as Record<string, string>), ...(cookie !== '' && { cookie }) }
    const response = await fetch(new URL(path, this.#origin), { redirect: 'manual', ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      this.cookies.set(name, value)
    }
    return response
  }

  async text(path: string, init?: RequestInit): Promise<string> {
    return (await this.send(path, init)).text()
  }
}

/** A gate that handlers wait at. */
export function gate(): { readonly reached: Promise<void>; pass(): Promise<void>; open(): void } {
  let arrive = (): void => {}
  let open = (): void => {}
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const pass = (): Promise<void> => {
    arrive()
    return opened
  }
  return { reached, pass, open }
}
