import { auditApplication, checks, type Report } from '@sojourn/audit'
import { expect } from 'vitest'
import { findings } from '../support/audit.ts'
import { ALICE } from '../support/cookie-app.ts'
import { serve, serveTls, serveTlsAndPlain } from '../support/serve.ts'
import { partsOf, shownIn } from '../support/tokens-seen.ts'
import { type App, listenerOf } from '../support/web.ts'
import { type Cell, cellsOf, differences } from './score.ts'
import { toRun, type Variant } from './variant.ts'

/** Notes the credentials that the application issued: no report may contain them. */
function recorded(app: App, givenOut: Set<string>): App {
  return async (ask) => {
    const reply = await app(ask)
    const ofCookies = (reply.cookies ?? []).map((line) => /^[^=]*=([^;]*)/.exec(line)?.[1] ?? '')
    const { access_token = '', refresh_token = '' } = (reply.json ?? {}) as Record<string, string>
    for (const value of [...ofCookies, access_token, refresh_token])
      for (const part of [value, ...partsOf(value)]) if (part.length >= 12) givenOut.add(part)
    return reply
  }
}

const SERVERS = { http: serve, https: serveTls, 'https, and http beside it': serveTlsAndPlain } as const

export async function audited(variant: Variant, givenOut = new Set<string>()): Promise<Report> {
  const { app, recipe, tls = false, samples, patienceMs, browser, secondUser, only, plainHost, clock } = variant
  const run = toRun({ ...(only && { only }), ...(samples && { samples }) })
  const served = await SERVERS[tls === true ? 'https' : tls || 'http'](listenerOf(recorded(app(), givenOut)))
  const target = plainHost === undefined ? served.url : served.url.replace('127.0.0.1', plainHost)
  try {
    return await auditApplication({
      target,
      user: ALICE,
      recipe,
      allowChanges: true,
      authorized: true,
      insecureTls: tls !== false,
      rate: 10_000,
      checks: checks.filter(({ id }) => run.includes(id)),
      ...(samples && { samples }),
      ...(patienceMs && { patienceMs }),
      ...(clock && { clock }),
      ...(browser && { browser }),
      ...(secondUser && { secondUser }),
    })
  } finally {
    await served.close()
  }
}

/** Audits it, and compares what is said with what is true. Resolves to the cells for the score. */
export async function judged(variant: Variant): Promise<readonly Cell[]> {
  const givenOut = new Set<string>()
  const report = await audited(variant, givenOut)
  expect(report.untrusted !== null).toBe(variant.untrusted === true)
  const cells = cellsOf(variant.name, variant.truth, report)
  expect(differences(cells)).toEqual(variant.lacks ?? [])
  for (const [about, words] of Object.entries(variant.says ?? {}))
    expect(findings(report).find(({ fingerprint }) => fingerprint === about)?.detail).toMatch(words)
  expect(shownIn(report, [...givenOut, ALICE.password])).toEqual([])
  return cells
}
