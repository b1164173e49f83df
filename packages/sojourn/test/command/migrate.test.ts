import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChanges, findInTemplate } from '../../src/command/migrate/find-changes.ts'
import { findPackages } from '../../src/command/migrate/packages.ts'
import { loadParser, type Parse } from '../../src/command/migrate/syntax.ts'
import { buildChild, removeBuilt } from '../support/child.ts'

const ALL = { passport: true, flash: true, csrf: true }
let parse: Parse
beforeAll(async () => {
  parse = await loadParser()
})

/** One line for each place: line, `?` if somebody has to look, what stands there, what replaces it. */
function changes(text: string, path = 'app.js', uses = ALL): readonly string[] {
  const program = parse(path, text)
  if (program === null) throw new Error('The code of this test is not valid.')
  return findChanges(program, text, uses).map(
    ({ line, code, change, sure }) => `${line}${sure ? '' : '?'} ${code} > ${change}`,
  )
}

/** The same, of one line inside a handler. */
const inHandler = (line: string): readonly string[] =>
  changes(`app.get('/', (req, res) => {\n${line}\n})`).map((change) => change.slice(change.indexOf('2') + 1).trim())

describe('sojourn migrate express-session finds', () => {
  it.each([
    ['req.session.cart = []', 'req.session.cart > req.session.data.cart'],
    ['delete req.session.cart', 'req.session.cart > req.session.data.cart'],
    ['req.session?.cart?.push(1)', 'req.session.cart > req.session.data.cart'],
    ["req.session['cart'] = []", 'req.session.cart > req.session.data.cart'],
    ['req.session[key] = []', 'req.session[...] > req.session.data[...]'],
    ['const { cart, theme } = req.session', '{ cart, theme } = req.session > { cart, theme } = req.session.data'],
    ['const s = req.session; s.cart = []', 's.cart > s.data.cart'],
    ['const s = req.session || {}; s.cart = []', 's.cart > s.data.cart'],
    ['const { session } = req; session.cart = []', 'session.cart > session.data.cart'],
    ['const { session: mine } = req; mine.cart = []', 'mine.cart > mine.data.cart'],
    ['req.session.destroy(() => res.end())', 'req.session.destroy(...) > await req.session.logout()'],
    ['req.session.reload(next)', 'req.session.reload(...) > await req.session.reload()'],
    ['req.session.touch()', 'req.session.touch() > nothing: timeouts.idle'],
    ['res.send(req.sessionID)', 'req.sessionID > req.session.id, which is public and gives no access'],
    ['res.send(req.session.cookie.maxAge)', 'req.session.cookie.maxAge > req.session.expiresAt'],
    ['req.logout(next)', 'req.logout(...) > await req.session.logout()'],
    ['req.logIn(user, next)', 'req.logIn(...) > await req.session.login(String(user.id))'],
    ['req.flash("info", "Saved")', 'req.flash(...) > req.session.flash.set(name, text)'],
  ])('%s', (line, wanted) => {
    expect(inHandler(line)).toContain(wanted)
  })

  it('what it cannot decide, and marks it', () => {
    expect(inHandler('req.session.userId = user.id')).toEqual([
      '? req.session.userId = ... > await req.session.login(String(userId)); if it does not say who is logged in: req.session.data.userId',
    ])
    expect(inHandler('req.session.user = null')[0]).toMatch(/^\? .*logout\(\)/)
    expect(inHandler('if (req.session.userId) res.end()')[0]).toMatch(/^\? .*null if logged out/)
    expect(inHandler('show(req.session)')).toEqual(['? req.session > what gets this must read req.session.data'])
    expect(inHandler('req.session.regenerate(next)')[0]).toMatch(/^\? .*rotate\(\)/)
    expect(inHandler('res.clearCookie("connect.sid")')[0]).toMatch(/^\? /)
    expect(changes('socket.request.session.cart = []')).toEqual([
      '1? socket.request.session.cart > socket.request.session.data.cart',
    ])
  })

  it('a regenerate that logs in, without a doubt', () => {
    const code = 'req.session.regenerate(() => { req.session.userId = user.id })'
    expect(inHandler(code)[0]).toBe('req.session.regenerate(...) > await req.session.login(String(userId))')
  })

  it('the middleware and each of its options, in CommonJS, ESM and TypeScript', () => {
    const mount = `session({\n secret: 'keyboard cat',\n rolling: true,\n cookie: {\n maxAge: 1 },\n more: 1 })`
    const wanted = [
      'session(...) > expressSessions(sessions)',
      'secret: ... > fromExpressSession({ secret, store }) while old sessions are adopted; then nothing, or keys with new secrets',
      'rolling: ... > timeouts.idle',
      'cookie.maxAge: ... > timeouts: idle with rolling; idle and absolute without it',
    ]
    const starts = ["const session = require('express-session')", "import session from 'express-session'"]
    for (const start of starts) {
      const found = changes(`${start}\napp.use(${mount})`, 'app.ts')
      for (const one of wanted) expect(found.map((line) => line.replace(/^\d+\?? /, ''))).toContain(one)
      expect(found).toContainEqual(expect.stringMatching(/^7\? more: \.\.\. > see the table/))
    }
    expect(changes(`app.use(require('express-session')(options))`)).toContainEqual(
      expect.stringMatching(/^1\? the options of session/),
    )
  })

  it('a middleware with a name: mounted, and given to something else', () => {
    const found = changes(
      "const session = require('express-session')\nconst m = session()\napp.use(m)\nio.engine.use(m)\nmodule.exports = { m }",
    )
    expect(found).toContain('3 m > expressSessions(sessions)')
    expect(found).toContainEqual(expect.stringMatching(/^4\? m > .*WebSockets: sojourn\/live/))
    expect(found).toContainEqual(expect.stringMatching(/^5\? m > /))
  })

  it('Passport: what gives it sessions, and strategies that keep their state there', () => {
    const found = changes(
      "app.use(passport.initialize())\napp.use(passport.session())\npassport.authenticate('local')\npassport.authenticate('local', { session: false })\nnew GoogleStrategy({ clientID, state: true })",
    )
    expect(found.map((line) => line.split(' > ')[0])).toEqual([
      '1 passport.initialize(...)',
      '2 passport.session(...)',
      '3 passport.authenticate(...)',
      '5 state: true',
    ])
  })

  it('TypeScript: casts, declarations, decorators and a request of another name', () => {
    expect(changes("declare module 'express-session' { interface SessionData { cart: string[] } }", 'a.ts')).toEqual([
      "1 declare module 'express-session' > declare module 'sojourn' { interface SessionData { ... } }, each key optional, without the user",
    ])
    expect(changes('const f = (q: Request) => (q as any).session!.cart', 'a.ts')).toEqual([
      '1 (q as any).session.cart > (q as any).session.data.cart',
    ])
    expect(changes('class C { m(@Session() session: object) { return session.cart } }', 'a.ts')).toEqual([
      '1 session.cart > session.data.cart',
    ])
    expect(changes('function f(ask, res) { ask.session.cart = [] }')).toEqual([
      '1 ask.session.cart > ask.session.data.cart',
    ])
  })

  it('packages and templates', () => {
    expect(findPackages('{\n  "express-session": "1.0.0",\n  "express": "5.0.0"\n}').map(({ line }) => line)).toEqual([
      2,
    ])
    expect(findInTemplate('<p>\n<%= session.cart %>')).toEqual([
      { line: 2, column: 5, code: 'session', change: 'if this is the session: session.data', sure: false },
    ])
  })
})

it('what it advises is there: each name of ours is exported', () => {
  const folder = new URL('../../src/', import.meta.url)
  const code = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('command'))
    .map((path) => readFileSync(new URL(path, folder), 'utf8'))
    .join('\n')
  const rules = readdirSync(new URL('command/migrate/', folder)).map((path) =>
    readFileSync(new URL(`command/migrate/${path}`, folder), 'utf8'),
  )
  const names = rules
    .join('\n')
    .matchAll(/\b(create[A-Z]\w+|from[A-Z]\w+|\w+Store|\w+Sessions|\w+Tokens|[A-Z]\w*Data)\b/g)
  const own = ['sessionStore', 'stateStore', 'createScope']
  const advised = new Set([...names].map(([name]) => name).filter((name) => !own.includes(name)))
  expect(advised.size).toBeGreaterThan(8)
  for (const name of advised) expect(code).toMatch(new RegExp(`export (async )?(function|interface|const) ${name}\\b`))
})

describe('sojourn migrate express-session leaves alone', () => {
  it.each([
    'mongoose.startSession(); config.session.secret; const session = 1; session.toFixed()',
    '// req.session.cart\n"req.session.cart"',
    'if (req.session) next()',
    'function f(session) { session.cart }',
    'const form = new FormData(); form.logout(); axios.request.flash',
  ])('%s', (code) => {
    expect(changes(code)).toEqual([])
  })

  it('the flash of another library, and req.login without Passport', () => {
    const none = { passport: false, flash: false, csrf: false }
    expect(changes('req.flash("a"); req.login(user); req.csrfToken()', 'app.js', none)).toEqual([])
  })
})

describe('the command', () => {
  let bin: string
  let folder: string
  beforeAll(async () => {
    bin = await buildChild(new URL('../../src/command/bin.ts', import.meta.url))
    folder = mkdtempSync(join(tmpdir(), 'sojourn-migrate-'))
    const files = {
      'app.js': "const session = require('express-session')\napp.use(session({ secret: 'keyboard cat' }))\n",
      'routes/cart.ts': 'export const cart = (req: Request) => req.session.cart\n',
      'broken.js': 'function (\n',
      'deep.js': `x = ${'a + '.repeat(3000)}1\n`,
      'node_modules/x/index.js': 'req.session.hidden\n',
      '.cache/x.js': 'req.session.hidden\n',
    }
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
  })
  afterAll(() => {
    rmSync(folder, { recursive: true })
    removeBuilt()
  })

  const run = (
    ...args: readonly string[]
  ): { readonly code: number | null; readonly out: string; readonly err: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'migrate', ...args], { encoding: 'utf8' })
    return { code: status, out: stdout, err: stderr }
  }

  it('prints files and lines, names what it could not read, and prints no secret', () => {
    const { code, out, err } = run('express-session', folder)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('routes/cart.ts\n  1:39      req.session.cart  →  req.session.data.cart\n')
    expect(out).toContain('not read, because it is no valid code, or nested too deeply: broken.js\n')
    expect(out).toContain('4 places in 2 files.\n')
    expect(out).not.toMatch(/keyboard|hidden/)
  })

  it('prints JSON', () => {
    const { files, unread } = JSON.parse(run('express-session', '--json', folder).out)
    expect(unread).toEqual(['broken.js', 'deep.js'])
    expect(files[1]).toEqual({
      path: 'routes/cart.ts',
      changes: [{ line: 1, column: 39, code: 'req.session.cart', change: 'req.session.data.cart', sure: true }],
    })
  })

  it('exits with 2 for another library, a folder without express-session, and no folder', () => {
    expect(run('koa-session', folder)).toMatchObject({
      code: 2,
      err: expect.stringContaining('Usage: sojourn migrate'),
    })
    expect(run('express-session', join(folder, 'routes'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('imports express-session'),
    })
    expect(run('express-session', join(folder, 'nowhere')).code).toBe(2)
  })
})

describe('hostile projects', () => {
  const words = [
    'req',
    '.session',
    '.cookie',
    '?.',
    '(',
    ')',
    '{',
    '}',
    'const ',
    '=',
    'session',
    'class A',
    "'x'",
    '[',
    ']',
    '\n',
  ]

  it('never make it throw', () => {
    const parts = fc.array(fc.constantFrom(...words), { maxLength: 40 })
    fc.assert(
      fc.property(parts, (some) => {
        const text = some.join('')
        const program = parse('app.ts', text)
        if (program !== null) findChanges(program, text, ALL)
      }),
    )
  })
})
