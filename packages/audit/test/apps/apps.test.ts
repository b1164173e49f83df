import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type AuditRequest, auditApplication, parseRecipe } from '@sojourn/audit'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { hasDirectus } from '../../../../tools/directus.mjs'
import { without } from '../../../../tools/servers.mjs'
import { type Cell, cellsOf, differences, scoresOf, tableOf, writeScores } from '../gallery/score.ts'
import type { Truth } from '../gallery/variant.ts'
import { ALICE } from '../support/cookie-app.ts'
import { startDirectus } from './directus.ts'
import { DIRECTUS_SESSION, DIRECTUS_TOKENS } from './directus-truth.ts'
import { type RunningApp, startDjango } from './django.ts'
import { startDokuWiki } from './dokuwiki.ts'
import { startShaarli } from './shaarli.ts'
import { SHAARLI } from './shaarli-truth.ts'
import { DJANGO_DATABASE, DJANGO_SIGNED_COOKIES, dokuWiki } from './truth.ts'

vi.setConfig({ testTimeout: 240_000 })

const cells: Cell[] = []
/** DokuWiki names the cookie after the path and the port. */
const authCookie = (port: string) => `DW${createHash('md5').update(`/${port}`).digest('hex')}`
const recipeOf = (name: string) => parseRecipe(readFileSync(new URL(`${name}/recipe.yaml`, import.meta.url), 'utf8'))

async function judged(
  name: string,
  recipe: string,
  start: () => Promise<RunningApp>,
  truthOf: (url: URL) => Truth,
  users: Pick<AuditRequest, 'user' | 'secondUser'> = { user: ALICE },
): Promise<void> {
  const { url, running } = await start()
  try {
    const request = { target: url, ...users, recipe: recipeOf(recipe), allowChanges: true, rate: 10_000 }
    const report = await auditApplication(request)
    expect(report.untrusted).toBeNull()
    const own = cellsOf(name, truthOf(new URL(url)), report)
    cells.push(...own)
    expect(differences(own)).toEqual([])
    expect(JSON.stringify(report)).not.toContain(ALICE.password)
  } finally {
    await running.stop()
  }
}

describe.skipIf(without().includes('django'))('Django’s admin', () => {
  test('with sessions in the database', () =>
    judged(
      'Django, database',
      'django',
      () => startDjango('db', ALICE),
      () => DJANGO_DATABASE,
    ))

  test('with sessions in a signed cookie', () =>
    judged(
      'Django, signed cookies',
      'django',
      () => startDjango('signed_cookies', ALICE),
      () => DJANGO_SIGNED_COOKIES,
    ))
})

describe.skipIf(!hasDirectus)('Directus', () => {
  const users = {
    user: { name: 'alice@example.com', password: ALICE.password },
    secondUser: { name: 'bob@example.com', password: 'another-lantern' },
  }
  const start = () => startDirectus(users.user, users.secondUser)

  test('with a session cookie', () =>
    judged('Directus, session', 'directus/session', start, () => DIRECTUS_SESSION, users))

  test('with tokens', () => judged('Directus, tokens', 'directus/tokens', start, () => DIRECTUS_TOKENS, users))
})

test.skipIf(without().includes('dokuwiki'))('DokuWiki', () =>
  judged(
    'DokuWiki',
    'dokuwiki',
    () => startDokuWiki(ALICE),
    ({ port }) => dokuWiki(authCookie(port)),
  ),
)

test.skipIf(without().includes('shaarli'))('Shaarli', () =>
  judged(
    'Shaarli',
    'shaarli',
    () => startShaarli(ALICE),
    () => SHAARLI,
  ),
)

afterAll(() => {
  console.log(tableOf(scoresOf(cells)))
  writeScores('applications', cells)
})
