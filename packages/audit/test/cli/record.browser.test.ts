import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRecipe } from '@sojourn/audit'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { recordWith } from '../../src/cli/record.ts'
import { ALICE, cookieApp } from '../support/cookie-app.ts'
import { testIo } from '../support/io.ts'
import { type Served, serve } from '../support/serve.ts'
import { type App, listenerOf, newId } from '../support/web.ts'

vi.setConfig({ testTimeout: 60_000 })

let folder: string
let served: Served
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sojourn-audit-'))
})
afterEach(async () => {
  await served.close()
  rmSync(folder, { recursive: true, force: true })
})

const env = { AUDIT_PASSWORD: ALICE.password, CHROMIUM_PATH: process.env.CHROMIUM_PATH ?? '' }

/** A login in two pages, with a token in the form that is good once. */
function twoPages(): App {
  const app = cookieApp()
  const tokens = new Set<string>()
  return (ask) => {
    if (ask.path === '/enter') {
      const token = newId()
      tokens.add(token)
      return {
        html: `<form method="post" action="/enter-now"><input type="hidden" name="_t" value="${token}"><input name="who"><input type="password" name="word"><button>Go</button></form>`,
      }
    }
    if (ask.path !== '/enter-now') return app(ask)
    if (!tokens.delete(ask.body._t ?? '')) return { status: 403, html: 'used' }
    return app({ ...ask, path: '/login', body: { name: ask.body.who ?? '', password: ask.body.word ?? '' } })
  }
}

test('a login done by hand becomes a recipe that logs in again, without the password in it', async () => {
  served = await serve(listenerOf(twoPages()))
  const file = join(folder, 'audit.yaml')
  const io = testIo([], env)
  const code = await recordWith([`${served.url}/enter`, '--user', 'alice', '--output', file], io, {
    headless: true,
    async done(page) {
      await page.fill('[name=who]', 'alice')
      await page.fill('[name=word]', ALICE.password)
      await Promise.all([page.waitForURL('**/account'), page.click('button')])
    },
  })
  expect([code, io.errors()]).toEqual([0, ''])
  const text = readFileSync(file, 'utf8')
  expect(text).not.toContain(ALICE.password)
  expect(parseRecipe(text).login).toEqual([
    { get: '/enter', extract: { from_page__t: { field: '_t' } } },
    { post: '/enter-now', form: { _t: '${from_page__t}', who: '${user}', word: '${password}' } },
  ])
  expect(await main(['--recipe', file, '--only', 'fixation', '--i-am-authorized'], testIo([], env))).toBe(0)
})
