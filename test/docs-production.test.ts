import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, request as sendPlain } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as sendSecure } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { Sessions } from 'sojourn'
import { verifyAuditLog } from 'sojourn/audit-log'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { accepts, freePort, launch, newFolder, programPath } from '../packages/sojourn/test/support/servers/program.ts'
import { startRedis } from '../packages/sojourn/test/support/servers/redis.ts'
import { HOST, PROXIES, type ProxyName } from '../packages/sojourn/test/support/servers/web-proxies.ts'
import { findProgram, without } from '../tools/servers.mjs'
import { type RunningProxy, startProxy } from './docs/proxies.ts'
import { type Running, runSnippet } from './docs/run.ts'
import { readPage, type Snippet, snippetsOf } from './docs/snippets.ts'

const PAGE = 'docs/how-to/go-to-production.md'
const LANGUAGES: Readonly<Record<ProxyName, string>> = { nginx: 'nginx', haproxy: 'haproxy', caddy: 'caddyfile' }
/** Not in the network of the proxies, so that a shortened address shows which of the two it is. */
const CLIENT = '127.9.9.9'
const DRAIN_MS = 3000

const snippets = snippetsOf(PAGE)
const run = promisify(execFile)
const present = PROXIES.filter((proxy) => !without().includes(proxy))

const snippetIn = (language: string): Snippet => theOnly(language, (one) => one.language === language)
const file = (name: string): Snippet => theOnly(name, (one) => one.name === name)

function theOnly(what: string, isIt: (snippet: Snippet) => boolean): Snippet {
  const snippet = snippets.find(isIt)
  if (snippet === undefined) throw new Error(`${PAGE} does not show ${what}`)
  return snippet
}

const backends: Running[] = []
const proxies = new Map<ProxyName, RunningProxy>()
const proxyOf = (name: ProxyName): RunningProxy => proxies.get(name) as RunningProxy
const portOf = ({ origins: [origin = ''] }: Running): number => Number(new URL(origin).port)

beforeAll(async () => {
  vi.stubGlobal('checkPassword', async () => ({ id: 'ada' }))
  vi.stubEnv('NODE_ENV', 'production')
  vi.stubEnv('SOJOURN_STORE', `lmdb:${await newFolder('production')}`)
  vi.stubEnv('DRAIN_MS', String(DRAIN_MS))
  for (let i = 0; i < 2; i++) backends.push(await runSnippet(file('server.ts'), snippets))
  for (const name of present) {
    proxies.set(name, await startProxy(name, snippetIn(LANGUAGES[name]).code, backends.map(portOf)))
  }
})
afterAll(async () => {
  process.removeAllListeners('SIGTERM')
  for (const proxy of proxies.values()) await proxy.stop()
  for (const backend of backends.toReversed()) await backend.stop()
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
})

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

async function ask(
  { https }: RunningProxy,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const request = sendSecure({
    ...{ host: '127.0.0.1', port: https, localAddress: CLIENT, servername: HOST, rejectUnauthorized: false },
    ...{ agent: false, method, path, headers: { host: `${HOST}:${https}`, 'content-length': 0, ...headers } },
  }).end()
  const [response] = await once(request, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

async function logIn(proxy: RunningProxy): Promise<string> {
  const { status, headers } = await ask(proxy, 'POST', '/login', { origin: `https://${HOST}:${proxy.https}` })
  expect(status).toBe(303)
  return String(headers['set-cookie']).split(';')[0] ?? ''
}

describe.each(present)('the file for %s', (name) => {
  test('passes the host with its port, the scheme and the address', async () => {
    const proxy = proxyOf(name)
    const cookie = await logIn(proxy)
    expect(cookie).toMatch(/^__Host-session=/)
    const { body } = await ask(proxy, 'GET', '/', { cookie, 'x-forwarded-for': '203.0.113.66' })
    expect(JSON.parse(body)).toMatchObject({ user: 'ada', device: { ip: expect.stringMatching(/^127\.9\.9\./) } })
  })

  test('refuses a form of another site, and shows no health check to the outside', async () => {
    const proxy = proxyOf(name)
    expect((await ask(proxy, 'POST', '/login', { origin: 'https://evil.example' })).status).toBe(403)
    for (const path of ['/readyz', '/livez', '/metrics']) expect((await ask(proxy, 'GET', path)).status).toBe(404)
  })

  test('speaks HTTP/2, with the same host', async () => {
    const { https } = proxyOf(name)
    const client = connectHttp2(`https://127.0.0.1:${https}`, { servername: HOST, rejectUnauthorized: false })
    const stream = client.request({
      ...{ ':method': 'POST', ':path': '/login', ':authority': `${HOST}:${https}`, 'content-length': '0' },
      origin: `https://${HOST}:${https}`,
    })
    const [headers] = await once(stream.end(), 'response')
    client.destroy()
    expect(headers[':status']).toBe(303)
  })

  test('sends browsers to HTTPS, and keeps them there', async () => {
    const proxy = proxyOf(name)
    const options = { host: '127.0.0.1', port: proxy.http, agent: false, headers: { host: HOST } }
    const [response] = await once(sendPlain(options).end(), 'response')
    response.resume()
    expect([301, 308]).toContain(response.statusCode)
    expect(response.headers.location).toMatch(/^https:\/\/shop\.example/)
    expect((await ask(proxy, 'GET', '/')).headers['strict-transport-security']).toBe('max-age=31536000')
  })
})

test('while a server drains, no proxy loses a request', async () => {
  const one = backends[0] as Running
  const seen: string[] = []
  let isOver = false
  async function visit(name: ProxyName): Promise<void> {
    const proxy = proxyOf(name)
    const cookie = await logIn(proxy)
    while (!isOver) {
      const { status, body } = await ask(proxy, 'GET', '/', { cookie })
      seen.push(`${name}: ${status} ${(JSON.parse(body) as { user: string }).user}`)
      await logIn(proxy)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const visits = present.map(visit)
  const { shutDown } = one.exports as { shutDown(): Promise<void> }
  const down = shutDown()
  expect((await fetch(`${one.origins[0]}/readyz`)).status).toBe(503)
  expect((await fetch(`${one.origins[0]}/livez`)).status).toBe(200)
  await down
  await expect(fetch(`${one.origins[0]}/livez`)).rejects.toThrow()
  await new Promise((resolve) => setTimeout(resolve, 300))
  isOver = true
  await Promise.all(visits)
  expect([...new Set(seen)].sort()).toEqual(present.map((name) => `${name}: 200 ada`).sort())
}, 30_000)

test.skipIf(without().includes('nginx'))(
  'after both servers were away, nginx uses them as soon as one is back',
  async () => {
    const ports = [await freePort(), await freePort()]
    const proxy = await startProxy('nginx', snippetIn('nginx').code, ports)
    for (let i = 0; i < 3; i++) expect((await ask(proxy, 'GET', '/')).status).toBe(502)
    const back = createServer((_request, response) => response.end('back')).listen(ports[0], '127.0.0.1')
    await once(back, 'listening')
    for (let i = 0; i < 3; i++) expect(await ask(proxy, 'GET', '/')).toMatchObject({ status: 200, body: 'back' })
    back.close()
    await proxy.stop()
  },
  30_000,
)

test.skipIf(without().includes('redis-server'))(
  'in an outage, the server answers 503, and its log has a line for each change',
  async () => {
    const redis = await startRedis()
    vi.stubEnv('SOJOURN_STORE', redis.url)
    const lines: string[] = []
    const print = vi.spyOn(console, 'error').mockImplementation((line) => void lines.push(String(line)))
    const server = file('server.ts')
    const shop = await runSnippet({ ...server, code: `${server.code}\nexport { sessions }\n` }, snippets)
    const [origin = ''] = shop.origins
    const login = await fetch(`${origin}/login`, { method: 'POST', headers: { origin }, redirect: 'manual' })
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const visit = (method = 'GET', path = '/') => fetch(`${origin}${path}`, { method, headers: { cookie, origin } })
    expect(await (await visit()).json()).toMatchObject({ user: 'ada' })

    await redis.kill()
    await vi.waitFor(async () => {
      await visit()
      expect(lines.join('\n')).toContain('"kind":"open"')
    }, 20_000)
    const before = lines.length
    for (const reply of await Promise.all(Array.from({ length: 100 }, () => visit()))) {
      expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await reply.text()).toBe('The shop cannot answer right now. Try again in a moment.')
    }
    expect((await visit('POST', '/login')).status).toBe(503)
    expect((await fetch(`${origin}/readyz`)).status).toBe(503)
    expect(lines.slice(before)).toEqual([])
    expect(lines.length).toBeLessThan(10)
    expect(JSON.parse(lines.find((line) => line.includes('"open"')) ?? '{}')).toMatchObject({
      ...{ name: 'redis', kind: 'open' },
      error: { code: 'ERR_STORE', cause: { message: expect.stringContaining(`127.0.0.1:${redis.port}`) } },
    })

    const again = await startRedis(['--maxmemory', '1', '--maxmemory-policy', 'noeviction'], redis.port)
    await vi.waitFor(async () => expect((await fetch(`${origin}/readyz`)).status).toBe(200), 20_000)
    expect(lines.slice(before).map((line) => JSON.parse(line).kind)).toEqual(['failover', 'closed'])
    // A full store: ready, and nothing can be stored.
    expect((await fetch(`${origin}/login`, { method: 'POST', headers: { origin } })).status).toBe(503)
    expect((await fetch(`${origin}/readyz`)).status).toBe(200)
    expect(lines.at(-1)).toContain('"code":"ERR_STORE_FULL"')

    print.mockRestore()
    await shop.stop()
    await (shop.exports.sessions as Sessions<object>).close()
    await again.kill()
  },
  60_000,
)

test('with keys, metrics and an audit log: the pieces fit, and after a shutdown the log is closed and whole', async () => {
  const [folder, secret] = [await newFolder('assembled'), randomBytes(32).toString('base64')]
  const auditFile = join(folder, 'audit/3000.log')
  writeFileSync(join(folder, 'keys'), `${secret}\n`)
  vi.stubEnv('SOJOURN_STORE', `lmdb:${join(folder, 'sessions')}`)
  vi.stubEnv('SESSION_KEYS_FILE', join(folder, 'keys'))
  vi.stubEnv('AUDIT_FILE', auditFile)
  vi.stubEnv('AUDIT_KEY', secret)
  vi.stubEnv('DRAIN_MS', '0')
  const piece = (words: string): string => theOnly(words, (one) => one.name === null && one.code.includes(words)).code
  const [, rest = ''] = file('sessions.ts').code.split(/^(?=let isDown)/m)
  const [listeners = ''] = rest.split(/^await sessions\.setup/m)
  const whole = [piece('measuredStore('), listeners, piece('await log.setup()')].join('\n')
  const page = [
    file('server.ts'),
    { ...file('sessions.ts'), code: whole },
    ...snippetsOf('docs/how-to/rotate-keys.md').filter(({ name }) => name === 'keys.ts'),
    ...snippetsOf('docs/how-to/measure-sessions.md').filter(({ name }) => name === 'metrics.ts'),
  ]
  const shop = await runSnippet(
    { ...file('server.ts'), code: `${file('server.ts').code}\nimport './metrics.ts'` },
    page,
  )
  const replies = await Promise.all(shop.origins.map((origin) => fetch(origin).then((reply) => reply.text())))
  expect(replies.some((text) => text.includes('sojourn_store_operation_duration_seconds'))).toBe(true)
  await (shop.exports.shutDown as () => Promise<void>)()
  const report = await verifyAuditLog(createInterface({ input: createReadStream(auditFile) }), { keys: [secret] })
  expect(report).toMatchObject({ ok: true, logs: [{ isClosed: true }] })
  await shop.stop()
})

describe('the files for systemd and containers', () => {
  const docker = snippetIn('dockerfile').code
  const compose = parse(snippetIn('yaml').code, { merge: true })
  const auditUnit = theOnly('the log in systemd', ({ code }) => code.includes('LogsDirectory='))
  /** The second file of a kind adds the keys. */
  const keysFile = (language: string): Snippet =>
    theOnly(`keys in ${language}`, (one) => one.language === language && one.code.includes('session-keys'))

  test.skipIf(findProgram('systemd-analyze') === null)('systemd finds nothing wrong with the unit', async () => {
    const folder = await newFolder('systemd')
    const path = join(folder, 'shop@.service')
    writeFileSync(path, snippetIn('ini').code.replace('/usr/bin/node', process.execPath))
    mkdirSync(`${path}.d`)
    writeFileSync(join(`${path}.d`, 'keys.conf'), keysFile('ini').code)
    writeFileSync(join(`${path}.d`, 'audit.conf'), auditUnit.code)
    const { stderr } = await run('systemd-analyze', ['verify', '--man=no', path.replace('@', '@3000')])
    expect(stderr).toBe('')
  })

  test('every variable that they set is one that the server reads, and the page lists', () => {
    const inUnit = snippetIn('ini').code.matchAll(/^Environment=(.*)$/gm)
    const unit = [...inUnit].flatMap(([, line = '']) => [...line.matchAll(/(\w+)=/g)].map(([, name]) => name))
    const image = [...docker.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) =>
      [...line.matchAll(/(\w+)=/g)].map(([, name]) => name),
    )
    const composed = Object.keys(compose['x-shop'].environment)
    const server = file('sessions.ts').code + file('server.ts').code
    for (const name of new Set([...unit, ...image, ...composed])) {
      if (name !== 'NODE_ENV') expect(server, name).toContain(`process.env.${name}`)
      expect(readPage(PAGE)).toMatch(new RegExp(`^\\| .*\`${name}\`.* \\|`, 'm'))
    }
  })

  test('the files with keys name the same service, the same secret, and the variable that keys.ts reads', () => {
    const unit = keysFile('ini').code
    const [, credential] = /^LoadCredential=([\w-]+):\/etc\/shop\//m.exec(unit) ?? []
    const keys = parse(keysFile('yaml').code, { merge: true })
    const [variable, path] = Object.entries(keys['x-keys'].environment)[0] ?? []
    expect(unit).toMatch(new RegExp(`^Environment=${variable}=%d/${credential}$`, 'm'))
    expect(readPage('docs/how-to/rotate-keys.md')).toContain(`process.env.${variable}`)
    expect(keys['x-keys'].secrets).toEqual(Object.keys(keys.secrets))
    expect(path).toBe(`/run/secrets/${Object.keys(keys.secrets)[0]}`)
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(Object.keys(keys.services)))
  })

  test('each process has an audit log of its own, in a place that it may write to', () => {
    const { code: unit } = auditUnit
    const [, folder] = /^LogsDirectory=(.+)$/m.exec(unit) ?? []
    expect(unit).toContain(`AUDIT_FILE=/var/log/${folder}/%i.log`)
    const { services, volumes } = parse(theOnly('the log in Compose', ({ code }) => code.includes('x-audit')).code, {
      merge: true,
    })
    const files = Object.values<{ volumes: string[]; environment: { AUDIT_FILE: string } }>(services).map(
      ({ volumes: [volume = ''], environment }) => {
        const [name = '', mounted = ''] = volume.split(':')
        expect(Object.keys(volumes)).toContain(name)
        expect(environment.AUDIT_FILE.startsWith(`${mounted}/`)).toBe(true)
        expect(readPage(PAGE)).toContain(`RUN mkdir ${mounted} && chown node:node ${mounted}`)
        return environment.AUDIT_FILE
      },
    )
    expect(new Set(files).size).toBe(Object.keys(services).length)
  })

  test('no file with secrets becomes a part of the image', () => {
    const ignored = snippets.find(({ code }) => code.startsWith('# .dockerignore'))?.code.split('\n')
    const keys = parse(keysFile('yaml').code, { merge: true })
    const log = parse(theOnly('the log in Compose', ({ code }) => code.includes('x-audit')).code, { merge: true })
    for (const path of [keys.secrets['session-keys'].file, log['x-audit'].env_file]) {
      expect(ignored).toContain(path.replace('./', ''))
    }
  })

  test('a script under systemd reads the keys of the servers, from where systemd puts them', () => {
    const { code } = theOnly('systemd-run', (one) => one.code.includes('systemd-run'))
    const [credential = ''] = /LoadCredential=\S+/.exec(keysFile('ini').code) ?? []
    const [, unit] = /--unit=(\S+)/.exec(code) ?? []
    expect(code).toContain(`--property=${credential} `)
    expect(code).toContain(`--setenv=SESSION_KEYS_FILE=/run/credentials/${unit}.service/session-keys `)
  })

  test('the health check of the image reports what the server reports', async () => {
    const [, list = '[]'] = /^HEALTHCHECK .*?CMD (\[.*\])$/m.exec(docker) ?? []
    const [, ...args] = JSON.parse(list) as string[]
    const at = (port: number) => args.map((arg) => arg.replace(':3000', `:${port}`))
    await run(process.execPath, at(portOf(backends[1] as Running)))
    await expect(run(process.execPath, at(await freePort()))).rejects.toMatchObject({ code: 1 })
  })

  test('the services use each other by their names, and the store starts as written', async () => {
    const { services, volumes } = compose
    for (const service of ['shop-1', 'shop-2']) {
      expect(services[service].environment.SOJOURN_STORE).toBe('redis://redis:6379')
      expect(services[service].depends_on.redis.condition).toBe('service_healthy')
    }
    expect(services.redis.healthcheck.test.slice(0, 1)).toEqual(['CMD'])
    const named = Object.values<{ volumes?: string[] }>(services).flatMap((service) => service.volumes ?? [])
    for (const volume of named.filter((one) => !one.startsWith('.'))) {
      expect(Object.keys(volumes)).toContain(volume.split(':')[0])
    }
    const [program = '', ...args] = services.redis.command.split(' ')
    const [port, dir] = [await freePort(), await newFolder('redis')]
    const running = await launch(programPath(program), {
      args: [...args, '--port', String(port), '--dir', dir, '--bind', '127.0.0.1'],
      isReady: () => accepts(port),
    })
    await running.stop()
  })
})
