import { randomBytes } from 'node:crypto'
import type { Report } from '@sojourn/audit'
import { describe, expect, test, vi } from 'vitest'
import { renews } from '../gallery/rotation-twists.ts'
import { audit, verdicts } from '../support/audit.ts'
import { ALICE } from '../support/cookie-app.ts'
import { type App, type Ask, newId, type Reply } from '../support/web.ts'

vi.setConfig({ testTimeout: 60_000 })

const FORM = '<form method="post" action="/login"><input name="name"><input type="password" name="password"></form>'

interface Pages {
  /** By path, for who is logged in and for who is not (default: a redirect to the login). */
  readonly [path: string]: { readonly mine: () => Reply; readonly others?: () => Reply }
}

/** These applications differ only in the page that a login shows. */
function appWith(pages: Pages, more: { json?: boolean; name?: string; other?: () => Reply } = {}): App {
  const sessions = new Set<string>()
  const { name = ALICE.name, other = () => ({ status: 404, html: 'nothing here' }) } = more
  return ({ path, method, body, cookies }: Ask) => {
    const isIn = sessions.has(cookies.get('sid') ?? '')
    if (path === '/login' && method === 'POST') {
      if ((body.name ?? body.username ?? body.email) !== name || body.password !== ALICE.password)
        return more.json ? { status: 401, json: {} } : { status: 401, html: FORM }
      const sid = newId()
      sessions.add(sid)
      const set = [`sid=${sid}; Path=/; HttpOnly; SameSite=Lax`]
      return more.json ? { json: { ok: true }, cookies: set } : { to: Object.keys(pages)[0] ?? '/', cookies: set }
    }
    if (path === '/login') return more.json ? other() : { html: FORM }
    if (path === '/logout') {
      sessions.delete(cookies.get('sid') ?? '')
      const away = ['sid=; Path=/; Max-Age=0']
      return more.json ? { json: {}, cookies: away } : { to: '/', cookies: away }
    }
    const page = pages[path]
    if (page === undefined) return path === '/' && !more.json ? { html: '<a href="/login">Log in</a>' } : other()
    return isIn ? page.mine() : (page.others?.() ?? { to: '/login' })
  }
}

const judge = async (app: App, name = ALICE.name): Promise<[string, string | null, Record<string, string>]> => {
  const report: Report = await audit(app, ['logout-ends-session'], { user: { ...ALICE, name } })
  return [report.application.loggedInCheck, report.untrusted, verdicts(report)]
}
const PASS = { 'logout-ends-session/logout': 'pass' }
const html = (text: string) => () => ({ html: text })

describe('a logged-in check is found', () => {
  test('on a page that names nobody', async () => {
    const home = {
      mine: html('Hello <a href="/logout">Log out</a>'),
      others: html('Hello <a href="/login">Log in</a>'),
    }
    expect(await judge(appWith({ '/': home }))).toEqual(['GET / answers 200 with "Log out"', null, PASS])
  })

  test.each(['Выйти', 'ログアウト', 'Se déconnecter', 'Wyloguj się', 'Odjava'])(
    'on a page in another language: %s',
    async (words) => {
      const home = {
        mine: html(`<p>x</p><a href="/logout">${words}</a>`),
        others: html('<p>x</p><a href="/login">→</a>'),
      }
      const [check, untrusted, said] = await judge(appWith({ '/': home }))
      expect([untrusted, said]).toEqual([null, PASS])
      expect(check).toContain('GET / answers 200 with')
    },
  )

  test.each(['/api/me', '/me', '/users/me', '/api/user', '/session', '/api/auth/session', '/api/v1/me'])(
    'where there is JSON alone, at %s',
    async (path) => {
      const app = appWith(
        { [path]: { mine: () => ({ json: { name: 'alice' } }), others: () => ({ status: 401, json: {} }) } },
        { json: true },
      )
      expect(await judge(app)).toEqual([`GET ${path} answers 200 with "\${user}"`, null, PASS])
    },
  )

  test('where JSON contains only a logged-in flag, and answers everybody', async () => {
    const session = {
      mine: () => ({ json: { authenticated: true, nonce: newId(), theme: 'dark' } }),
      others: () => ({ json: { authenticated: false, nonce: newId(), theme: 'dark' } }),
    }
    const [check, untrusted, said] = await judge(appWith({ '/api/session': session }, { json: true }))
    expect(check).toBe('GET /api/session answers 200 with ""authenticated":true"')
    expect([untrusted, said]).toEqual([null, PASS])
  })

  test('behind one page of HTML for every path', async () => {
    const app = appWith(
      { '/api/me': { mine: () => ({ json: { name: 'alice' } }), others: () => ({ status: 401, json: {} }) } },
      { json: true, other: html('<div id="app"></div><script src="/app.js"></script>') },
    )
    expect(await judge(app)).toEqual(['GET /api/me answers 200 with "${user}"', null, PASS])
  })

  test('on pages that differ by advertisements and nonces', async () => {
    const ads = ['Buy lanterns', 'Buy ropes', 'Buy tents', 'Buy boots']
    const ad = () => `<a href="/ad">${ads[randomBytes(1).readUInt8() % 4]}</a><script nonce="${newId()}"></script>`
    for (let run = 0; run < 5; run++) {
      const home = {
        mine: () => ({ html: `${ad()}<a href="/logout">Odjava</a>` }),
        others: () => ({ html: `${ad()}<a href="/login">Prijava</a>` }),
      }
      const [check, untrusted, said] = await judge(appWith({ '/home': home }))
      expect(check).toBe('GET /home answers 200 with "Odjava"')
      expect([untrusted, said]).toEqual([null, PASS])
    }
  })

  test('not by what is stable in one session and another in the next', async () => {
    const token = new Map<string, string>()
    const inner = appWith({ '/home': { mine: html('MINE'), others: html(`<p>x</p>${FORM}`) } })
    const app: App = async (ask) => {
      const reply = await inner(ask)
      const sid = ask.cookies.get('sid') ?? ''
      if (reply.html !== 'MINE') return reply
      const word =
        token.get(sid) ??
        randomBytes(12)
          .toString('base64url')
          .replace(/[^a-zA-Z]/g, 'x')
      token.set(sid, word)
      return { html: `<a href="/x">${word}</a><a href="/logout">Odjava</a>` }
    }
    const [, untrusted, said] = await judge(app)
    expect([untrusted, said]).toEqual([null, PASS])
  })

  test('where the login form replaces the page, with 200', async () => {
    const home = { mine: html('<h1>Inbox</h1><a href="/compose">Compose</a>'), others: html(FORM) }
    const [, untrusted, said] = await judge(appWith({ '/home': home }))
    expect([untrusted, said]).toEqual([null, PASS])
  })

  test('where a page sends others on by itself', async () => {
    const home = {
      mine: html('<h1>Inbox</h1><a href="/compose">Compose</a>'),
      others: html('<meta http-equiv="refresh" content="0; url=/login">'),
    }
    const [, untrusted, said] = await judge(appWith({ '/home': home }))
    expect([untrusted, said]).toEqual([null, PASS])
  })

  test.each([
    ['alice', 'Welcome, ALICE', 'ALICE'],
    ['alice', 'Welcome, Alice', 'Alice'],
    ['alice.liddell@example.com', 'Welcome, alice.liddell@ex…', 'alice.liddell'],
    ['Alice@Example.com', 'Welcome, alice@example.com', 'alice@example.com'],
  ])('where %s is shown as "%s"', async (name, words, text) => {
    const home = { mine: html(words), others: html(FORM) }
    expect(await judge(appWith({ '/home': home }, { name }), name)).toEqual([
      `GET /home answers 200 with "${text}"`,
      null,
      PASS,
    ])
  })

  test.each([
    ['at once', 0],
    ['after a while', 60_000],
  ])('where ids are renewed with each answer, and old ones are dead %s', async (_, graceMs) => {
    const home = { mine: html('Hello alice <a href="/logout">Log out</a>'), others: html(FORM) }
    const [check, untrusted, said] = await judge(renews({ graceMs })(appWith({ '/home': home })))
    expect(check).toBe('GET /home answers 200 with "${user}"')
    expect([untrusted, said]).toEqual([null, PASS])
  })
})
