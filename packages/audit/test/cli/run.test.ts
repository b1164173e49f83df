import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRecipe, type Report } from '@sojourn/audit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { ALICE, type CookieSwitches, cookieApp } from '../support/cookie-app.ts'
import { testIo } from '../support/io.ts'
import { type Served, serve } from '../support/serve.ts'
import { listenerOf } from '../support/web.ts'

vi.setConfig({ testTimeout: 60_000 })

let folder: string
let served: Served | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sojourn-audit-'))
})
afterEach(async () => {
  await served?.close()
  served = null
  rmSync(folder, { recursive: true, force: true })
})

const file = (name: string) => join(folder, name)
const SECRET = { AUDIT_PASSWORD: ALICE.password }

async function start(switches: CookieSwitches = {}) {
  const app = cookieApp(switches)
  served = await serve(listenerOf(app))
  return { app, url: served.url }
}

const RECIPE = `
login:
  - post: /login
    form: { name: '\${user}', password: '\${password}' }
loggedIn: { get: /account }
logout:
  - get: /logout
passwordChange:
  steps:
    - post: /password
      form: { current: '\${password}', next: '\${newPassword}' }
`

describe('sojourn-audit URL', () => {
  test('finds the login, prints a table, and ends with 0 when nothing failed', async () => {
    const { url } = await start()
    const io = testIo([], SECRET)
    expect(await main([url, '--user', 'alice', '--only', 'fixation,logout-ends-session'], io)).toBe(0)
    expect(io.output()).toContain('carried by cookie sid')
    expect(io.output()).toMatch(/fixation +✓ pass/)
  })

  test('takes a password as it was typed, signs of a template included', async () => {
    const typed = 'a${b}${env.HOME}$c'
    const app = cookieApp()
    served = await serve(
      listenerOf((ask) =>
        app({ ...ask, body: { ...ask.body, ...(ask.body.password === typed && { password: ALICE.password }) } }),
      ),
    )
    const args = ['--user', 'alice', '--only', 'fixation']
    expect(await main([served.url, ...args], testIo([typed]))).toBe(0)
    writeFileSync(file('audit.yaml'), `target: ${served.url}\nuser: { name: alice, password: x }\n${RECIPE}`)
    const withRecipe = ['--recipe', file('audit.yaml'), '--only', 'fixation']
    expect(await main(withRecipe, testIo([], { AUDIT_PASSWORD: typed }))).toBe(0)
    expect(await main(['init', '--output', file('new.yaml')], testIo([served.url, 'alice', typed]))).toBe(0)
  })

  test('ends by the gravest failure', async () => {
    const { url } = await start({ keepsId: true })
    const args = [url, '--user', 'alice', '--only', 'fixation']
    expect(await main(args, testIo([], SECRET))).toBe(12)
    expect(await main([...args, '--fail-on', 'critical'], testIo([], SECRET))).toBe(0)
  })

  test('asks for the password, and shows it nowhere', async () => {
    const { url } = await start({ keepsId: true })
    const io = testIo([ALICE.password])
    await main([url, '--user', 'alice', '--only', 'fixation', '--json', file('report.json')], io)
    expect(io.output() + io.errors() + readFileSync(file('report.json'), 'utf8')).not.toContain(ALICE.password)
  })

  test('asks for a password that the recipe leaves to the environment, where that has none', async () => {
    const { url } = await start()
    const told = RECIPE.replace(/^user: .*$/m, '')
    writeFileSync(
      file('app.yaml'),
      `target: ${url}\nuser: { name: alice, password: '\${env.AUDIT_PASSWORD}' }\n${told}`,
    )
    const args = ['--recipe', file('app.yaml'), '--only', 'fixation', '--html', file('report.html')]
    const io = testIo([ALICE.password])
    expect(await main(args, io)).toBe(0)
    expect(io.errors()).toBe('Password of alice ($AUDIT_PASSWORD): ')
    expect(io.output()).toContain(`Written: ${file('report.html')}`)
    const nobody = testIo()
    expect(await main(args, nobody)).toBe(2)
    expect(nobody.errors()).toContain('AUDIT_PASSWORD')
  })

  test('a wrong password is no verdict', async () => {
    const { url } = await start()
    const io = testIo(['wrong'])
    expect(await main([url, '--user', 'alice'], io)).toBe(3)
    expect(io.errors()).toContain('Check the name and the password.')
  })

  test('an unreachable application is reported as such', async () => {
    const { url } = await start()
    await served?.close()
    served = null
    const io = testIo([], SECRET)
    expect(await main([url, '--user', 'alice'], io)).toBe(3)
    expect(io.errors()).toContain('does not answer')
  })

  test.each([
    [['https://example.com', '--user', 'alice'], 'is not this machine'],
    [
      ['https://example.com', '--user', 'alice', '--i-am-authorized', '--self-signed'],
      'only be ignored on this machine',
    ],
    [['http://localhost:1', '--nonsense'], 'nonsense'],
    [['http://localhost:1', '--user', 'alice', '--only', 'everything'], 'there is no check everything'],
    [['http://localhost:1', '--user', 'alice', '--patience', 'long'], 'write a time'],
    [['--user', 'alice'], 'address'],
    [['init', '--nonsense'], 'nonsense'],
  ])('%j is refused before anything is sent', async (args, words) => {
    const io = testIo([], SECRET)
    expect(await main(args, io)).toBe(2)
    expect(io.errors()).toContain(words)
  })

  test('a mistake in a recipe is reported with its line', async () => {
    writeFileSync(file('app.yaml'), RECIPE.replace('logout:', 'logOut:'))
    const io = testIo([], SECRET)
    expect(await main(['http://localhost:1', '--user', 'alice', '--recipe', file('app.yaml')], io)).toBe(2)
    expect(io.errors()).toContain('app.yaml:6:1: unknown key: logOut')
  })

  test('known findings do not count, and a comparison shows what changed', async () => {
    const { url } = await start({ keepsId: true })
    const args = [url, '--user', 'alice', '--only', 'fixation']
    const first = await main(
      [...args, '--write-baseline', file('known.json'), '--json', file('first.json')],
      testIo([], SECRET),
    )
    expect(first).toBe(12)
    expect(await main([...args, '--baseline', file('known.json')], testIo([], SECRET))).toBe(0)
    await served?.close()
    const mended = await start()
    const io = testIo([], SECRET)
    await main([mended.url, '--user', 'alice', '--only', 'fixation', '--compare', file('first.json')], io)
    expect(io.output()).toContain('fixation/kept id: fail -> pass')
  })

  test('Ctrl-C in the middle of a changed password puts it back', async () => {
    const { app, url } = await start()
    writeFileSync(file('app.yaml'), RECIPE)
    const io = testIo([], SECRET)
    const args = [url, '--user', 'alice', '--recipe', file('app.yaml'), '--only', 'password-change', '--allow-changes']
    const running = main([...args, '--json', file('report.json')], io)
    while (app.password() === ALICE.password) await new Promise((resolve) => setTimeout(resolve, 1))
    io.interrupt()
    expect(await running).toBe(3)
    expect(app.password()).toBe(ALICE.password)
    const report = JSON.parse(readFileSync(file('report.json'), 'utf8')) as Report
    expect(report.leftBehind).toEqual([])
    expect(report.results.flatMap(({ findings }) => findings.map(({ title }) => title))).toEqual(['Not finished'])
  })
})

test('the changed password is described, but not shown, before the change, in case the audit is killed', async () => {
  const { app, url } = await start()
  writeFileSync(file('app.yaml'), RECIPE)
  const io = testIo([], SECRET)
  const args = [url, '--user', 'alice', '--recipe', file('app.yaml'), '--only', 'password-change', '--allow-changes']
  const running = main([...args, '--quiet'], io)
  while (app.password() === ALICE.password) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(io.errors()).toContain('it is the old one followed by -Aud1t!')
  await running
  expect(io.errors()).toContain('The password is the old one again.')
  expect(io.errors()).not.toContain(ALICE.password)
})

describe('sojourn-audit init', () => {
  test('finds out by itself, shows that it logs in, and writes a recipe without the password', async () => {
    const { url } = await start()
    const io = testIo([url, 'alice', ALICE.password])
    expect(await main(['init', '--output', file('audit.yaml')], io)).toBe(0)
    expect(io.output()).toContain(
      'It logs in. A client without a credential and a made-up credential are refused. Carried by: cookie sid.',
    )
    const text = readFileSync(file('audit.yaml'), 'utf8')
    expect(text).not.toContain(ALICE.password)
    expect(parseRecipe(text).logout).toBeDefined()
    const again = testIo([], SECRET)
    expect(await main(['--recipe', file('audit.yaml'), '--only', 'fixation'], again)).toBe(0)
  })

  test('asks when it finds nothing, and says what does not work', async () => {
    const app = cookieApp({ base: '/hidden/place' })
    served = await serve(
      listenerOf((ask) => (ask.path.startsWith('/hidden') ? app(ask) : { status: 404, html: 'nothing' })),
    )
    const { url } = served
    const told = ['', '/hidden/place/login', 'form', 'name', 'password', '', '/hidden/place/', '', '']
    const better = [...told.slice(0, 6), '/hidden/place/account', 'Account of', '/hidden/place/logout']
    const io = testIo([
      url,
      'alice',
      ALICE.password,
      ...told.slice(0, 5),
      ...told.slice(6),
      'y',
      ...better.slice(0, 5),
      ...better.slice(6),
    ])
    expect(await main(['init', '--output', file('audit.yaml')], io)).toBe(0)
    expect(io.output()).toContain(
      'It does not work: the logged-in check accepts a client that never logged in as logged in',
    )
    expect(io.output()).toContain('It logs in.')
  })

  test('writes over nothing', async () => {
    writeFileSync(file('audit.yaml'), 'mine')
    expect(await main(['init', '--output', file('audit.yaml')], testIo())).toBe(2)
    expect(readFileSync(file('audit.yaml'), 'utf8')).toBe('mine')
  })
})
