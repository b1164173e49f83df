import { auditApplication, checks, type Report } from '@sojourn/audit'
import { afterAll, expect, test, vi } from 'vitest'
import { leaksIn, verdicts } from '../support/audit.ts'
import { ALICE } from '../support/cookie-app.ts'
import { serve, serveTls } from '../support/serve.ts'
import { listenerOf } from '../support/web.ts'
import { type Cell, cellsOf, differences, scoresOf, tableOf, writeScores } from './score.ts'
import { gallery } from './truth.ts'
import type { Variant } from './variant.ts'

vi.setConfig({ testTimeout: 120_000 })

const cells: Cell[] = []

async function audited({ app, recipe, tls = false, samples, patienceMs, only }: Variant): Promise<Report> {
  const served = await (tls ? serveTls : serve)(listenerOf(app()))
  try {
    return await auditApplication({
      target: served.url,
      user: ALICE,
      recipe,
      allowChanges: true,
      insecureTls: tls,
      rate: 10_000,
      ...(only && { checks: checks.filter(({ id }) => only.includes(id)) }),
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
  const report = await audited(variant)
  expect(report.untrusted).toBeNull()
  const own = cellsOf(variant.name, variant.truth, verdicts(report))
  cells.push(...own)
  expect(differences(own)).toEqual([])
  expect(leaksIn(report)).toEqual([])
})

afterAll(() => {
  const scores = scoresOf(cells)
  console.log(tableOf(scores))
  writeScores('gallery', cells)
})
