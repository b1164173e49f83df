import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { auditApplication } from '../../src/audit-application.ts'
import { tokenContents } from '../../src/checks/token-contents.ts'
import { tokenStrength } from '../../src/checks/token-strength.ts'
import { toHtml } from '../../src/report/html/page.ts'
import { toJunit } from '../../src/report/junit.ts'
import { toSarif } from '../../src/report/sarif.ts'
import { ALICE, expressSessionApp } from '../support/express-session-app.ts'
import { type Served, serve } from '../support/serve.ts'

vi.setConfig({ testTimeout: 60_000 })

const open: Served[] = []
afterEach(async () => {
  for (const served of open.splice(0)) await served.close()
})

async function audited(listener: RequestListener) {
  const served = await serve(listener)
  open.push(served)
  return auditApplication({ target: served.url, user: ALICE, checks: [tokenContents, tokenStrength], samples: 40 })
}

/** `about: verdict severity`, the form of the expectations in these tests. */
async function verdicts(listener: RequestListener): Promise<Record<string, string>> {
  const { results } = await audited(listener)
  const rows = results.flatMap(({ check, findings }) =>
    findings.map(({ about, verdict, severity }): [string, string] => [
      check.id === 'token-strength' ? 'strength' : about.replace(/^.*: /, ''),
      verdict === 'fail' ? `${verdict} ${severity}` : verdict,
    ]),
  )
  return Object.fromEntries(rows)
}

/** An application that makes its own tokens, as many do. `read` gives the user of a token. */
function ownTokens(make: (user: string) => string, read: (token: string) => string | undefined): RequestListener {
  return async (request: IncomingMessage, response: ServerResponse) => {
    const token = /(?:^|; )auth=([^;]*)/.exec(request.headers.cookie ?? '')?.[1]
    const user = token === undefined ? undefined : read(token)
    const page = (body: string, status = 200) =>
      response.writeHead(status, { 'content-type': 'text/html' }).end(`<!doctype html><title>own</title>${body}`)
    if (request.url === '/login' && request.method === 'POST') {
      let body = ''
      for await (const chunk of request) body += chunk
      const form = new URLSearchParams(body)
      if (form.get('username') !== ALICE.name || form.get('password') !== ALICE.password) return page('Wrong.', 401)
      response.setHeader('set-cookie', `auth=${make(ALICE.name)}; Path=/; HttpOnly`)
      return response.writeHead(302, { location: '/account' }).end()
    }
    if (request.url === '/logout') {
      response.setHeader('set-cookie', 'auth=; Path=/; Max-Age=0')
      return response.writeHead(302, { location: '/' }).end()
    }
    if (request.url === '/account') {
      if (user === undefined) return response.writeHead(302, { location: '/login' }).end()
      return page(`Account of ${user} <a href="/logout">Log out</a>`)
    }
    if (user !== undefined) return page(`Hello ${user} <a href="/account">Account</a> <a href="/logout">Log out</a>`)
    return page(
      '<form method="post" action="/login"><input name="username"><input name="password" type="password"><button>Log in</button></form>',
    )
  }
}

const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function jwt(secret: string, more: object = {}) {
  const sign = (body: string) => createHmac('sha256', secret).update(body).digest('base64url')
  return ownTokens(
    (sub) => {
      const body = `${b64({ alg: 'HS256', typ: 'JWT' })}.${b64({ sub, iat: Math.floor(Date.now() / 1000), ...more })}`
      return `${body}.${sign(body)}`
    },
    (token) => {
      const [head, payload, signature] = token.split('.')
      if (signature !== sign(`${head}.${payload}`)) return undefined
      return JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()).sub
    },
  )
}

describe('token-contents and token-strength', () => {
  test('express-session with a key of its own', async () => {
    expect(await verdicts(expressSessionApp())).toEqual({ secret: 'pass', content: 'pass', strength: 'pass' })
  })

  test('express-session with the secret of its documentation', async () => {
    const app = expressSessionApp({ session: { secret: 'keyboard cat' } })
    expect(await verdicts(app)).toMatchObject({ secret: 'fail critical', strength: 'pass' })
  })

  test('express-session with ids that count: the signature does not hide it', async () => {
    let last = 7000
    const app = expressSessionApp({ session: { genid: () => `session-${++last}` } })
    expect(await verdicts(app)).toMatchObject({ secret: 'pass', strength: 'fail medium' })
  })

  test('ids that count, without a signature', async () => {
    const users = new Map<string, string>()
    const app = ownTokens(
      (user) => {
        const id = String(100_000 + users.size)
        users.set(id, user)
        return id
      },
      (id) => users.get(id),
    )
    expect(await verdicts(app)).toMatchObject({ strength: 'fail critical', content: 'pass' })
  })

  test('random ids of an application’s own: nothing to say', async () => {
    const users = new Map<string, string>()
    const app = ownTokens(
      (user) => {
        const id = randomBytes(32).toString('base64url')
        users.set(id, user)
        return id
      },
      (id) => users.get(id),
    )
    expect(await verdicts(app)).toEqual({ content: 'pass', strength: 'pass' })
  })

  test('a JWT: by its key', async () => {
    const weak = await verdicts(jwt('secret'))
    expect(weak).toMatchObject({ secret: 'fail critical', content: 'inform' })
    const strong = await verdicts(jwt(randomBytes(32).toString('hex')))
    expect(strong).toEqual({ secret: 'pass', content: 'inform', strength: 'inform' })
  })

  test('a JWT with personal data', async () => {
    const app = jwt(randomBytes(32).toString('hex'), { email: 'alice@example.com' })
    expect(await verdicts(app)).toMatchObject({ secret: 'pass', content: 'fail low' })
  })

  test('user data in a cookie that nothing protects', async () => {
    const app = ownTokens(
      (user) => Buffer.from(JSON.stringify({ user, role: 'member' })).toString('base64'),
      (token) => {
        try {
          return JSON.parse(Buffer.from(token, 'base64').toString()).user
        } catch {
          return undefined
        }
      },
    )
    expect(await verdicts(app)).toMatchObject({ protection: 'fail high', content: 'inform' })
  })
})

test('a real report of all checks fits the published schema, and holds no token', async () => {
  const served = await serve(expressSessionApp({ session: { secret: 'keyboard cat' } }))
  open.push(served)
  const report = await auditApplication({ target: served.url, user: ALICE, allowChanges: true })
  const schema = JSON.parse(readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8'))
  const validate = new Ajv2020({ strictRequired: false, validateFormats: false, allowUnionTypes: true }).compile(schema)
  expect([validate(JSON.parse(JSON.stringify(report))), validate.errors]).toEqual([true, null])
  const written = [JSON.stringify(report), toHtml(report), toSarif(report), toJunit(report)]
  for (const text of written) {
    expect(text).not.toMatch(/s(%3A|:)[\w-]{20,}\./)
    expect(text).not.toContain(ALICE.password)
  }
})
