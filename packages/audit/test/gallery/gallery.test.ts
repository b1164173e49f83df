import { auditApplication, checks, type Report } from '@sojourn/audit'
import { afterAll, expect, test, vi } from 'vitest'
import { ALICE } from '../support/cookie-app.ts'
import { serve, serveTls } from '../support/serve.ts'
import { type App, listenerOf } from '../support/web.ts'
import { type Cell, cellsOf, differences, scoresOf, tableOf, writeScores } from './score.ts'
import { gallery } from './truth.ts'
import { toRun, type Variant } from './variant.ts'

vi.setConfig({ testTimeout: 120_000 })

const cells: Cell[] = []

/** Keeps in mind what the application gave out as a credential: none of it may stand in a report. */
function recorded(app: App, givenOut: Set<string>): App {
  return async (ask) => {
    const reply = await app(ask)
    const ofCookies = (reply.cookies ?? []).map((line) => /^[^=]*=([^;]*)/.exec(line)?.[1] ?? '')
    const { access_token = '', refresh_token = '' } = (reply.json ?? {}) as Record<string, string>
    for (const value of [...ofCookies, access_token, refresh_token]) if (value.length >= 12) givenOut.add(value)
    return reply
  }
}

async function audited(
  { app, recipe, tls = false, samples, patienceMs, only }: Variant,
  givenOut: Set<string>,
): Promise<Report> {
  const run = toRun({ ...(only && { only }), ...(samples && { samples }) })
  const served = await (tls ? serveTls : serve)(listenerOf(recorded(app(), givenOut)))
  try {
    return await auditApplication({
      target: served.url,
      user: ALICE,
      recipe,
      allowChanges: true,
      insecureTls: tls,
      rate: 10_000,
      checks: checks.filter(({ id }) => run.includes(id)),
      ...(samples && { samples }),
      ...(patienceMs && { patienceMs }),
    })
  } finally {
    await served.close()
  }
}

test('no application has the name of another', () => {
  expect(new Set(gallery.map(({ name }) => name)).size).toBe(gallery.length)
})

test.each(gallery)('$name', async (variant) => {
  const givenOut = new Set<string>()
  const report = await audited(variant, givenOut)
  expect(report.untrusted !== null).toBe(variant.untrusted === true)
  const own = cellsOf(variant.name, variant.truth, report)
  cells.push(...own)
  expect(differences(own)).toEqual(variant.lacks ?? [])
  const text = JSON.stringify(report)
  expect([...givenOut, ALICE.password].filter((secret) => text.includes(secret))).toEqual([])
})

afterAll(() => {
  const scores = scoresOf(cells)
  console.log(tableOf(scores))
  writeScores('gallery', cells)
})
