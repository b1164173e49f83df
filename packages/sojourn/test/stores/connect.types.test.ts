import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const SOURCE = `
import type { Store } from 'express-session'
import express from 'express'
import { createSessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { connectStore } from 'sojourn/stores/connect'

declare const inner: Store
const sessions = createSessions<{ cart?: string[] }>({ store: connectStore({ store: inner }) })
const app = express()
app.use(expressSessions(sessions))
app.get('/', (req, res) => {
  const session = sessions.get(req)
  const user: string | null = session.userId
  res.json({ user, cart: session.data.cart })
})
app.get('/wrong', (req, res) => res.json(req.session.userId))
`

/** Beside the tests, where packages are found. */
const file = fileURLToPath(new URL('./virtual-connect-app.ts', import.meta.url))

test('with the types of express-session about, sessions.get(req) compiles, and req.session is theirs', {
  timeout: 120_000,
}, () => {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    esModuleInterop: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = (name) => name === file || fileExists(name)
  host.readFile = (name) => (name === file ? SOURCE : readFile(name))
  host.getSourceFile = (name, language, ...rest) =>
    name === file ? ts.createSourceFile(name, SOURCE, language) : getSourceFile(name, language, ...rest)
  const program = ts.createProgram([file], options, host)
  const found = program.getSemanticDiagnostics(program.getSourceFile(file))
  const told = found.map(({ code, messageText }) => `${code} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`)
  // Once this is empty, the types of express-session let ours be, and the page may say so.
  expect(told).toEqual([
    expect.stringMatching(/^2339 Property 'userId' does not exist on type 'Session & Partial<SessionData>'/),
  ])
})
