import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'parse5'
import { describe, expect, test, vi } from 'vitest'
import { toHtml } from '../../src/report/html/page.ts'
import { toJunit } from '../../src/report/junit.ts'
import { toSarif } from '../../src/report/sarif.ts'
import { ATTACKS } from './attacks.ts'
import { sampleReport } from './sample.ts'

vi.setConfig({ testTimeout: 60_000 })

const schema = JSON.parse(readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8'))

const UNSEEN = ['\0', '\x1b', '\u202e', '\u2066']

interface Node {
  readonly nodeName: string
  readonly attrs?: readonly { readonly name: string; readonly value: string }[]
  readonly childNodes?: readonly Node[]
}

function nodesOf(node: Node): Node[] {
  return [node, ...(node.childNodes ?? []).flatMap(nodesOf)]
}

describe('JSON', () => {
  test('fits the published schema, also after it was written and read', () => {
    const validate = new Ajv2020({
      strict: true,
      strictRequired: false,
      validateFormats: false,
      allErrors: true,
      allowUnionTypes: true,
    }).compile(schema)
    for (const hostile of ['as it was', ...ATTACKS]) {
      expect([validate(JSON.parse(JSON.stringify(sampleReport(hostile)))), validate.errors]).toEqual([true, null])
    }
    const { target: _, ...rest } = sampleReport()
    expect(validate(rest)).toBe(false)
    expect(validate({ ...sampleReport(), more: 1 })).toBe(false)
  })
})

describe('HTML', () => {
  const names = (text: string) =>
    nodesOf(parse(text) as unknown as Node)
      .map(({ nodeName }) => nodeName)
      .filter((name) => name !== '#text')

  test.each(ATTACKS)('text of an application is not interpreted: %s', (attack) => {
    const text = toHtml(sampleReport(attack))
    const nodes = nodesOf(parse(text) as unknown as Node)
    expect(
      nodes.filter(({ nodeName }) => ['script', 'img', 'iframe', 'object', 'base', 'link', 'form'].includes(nodeName)),
    ).toEqual([])
    const attributes = nodes.flatMap(({ attrs }) => attrs ?? [])
    expect(attributes.filter(({ name }) => /^on|^src|^style$|^action$/.test(name))).toEqual([])
    expect(attributes.filter(({ name, value }) => name === 'href' && !/^#[\w-]+$/.test(value))).toEqual([])
    // The same elements in the same order as with harmless text.
    expect(names(text)).toEqual(names(toHtml(sampleReport('as it was'))))
    expect(UNSEEN.filter((letter) => text.includes(letter))).toEqual([])
  })

  test('asks nothing of the network', () => {
    const text = toHtml(sampleReport())
    const metas = nodesOf(parse(text) as unknown as Node).filter(({ nodeName }) => nodeName === 'meta')
    expect(metas[1]?.attrs?.[1]?.value).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(text).not.toMatch(/@import|url\(/)
  })

  test('ids are unique, and every link within the page leads somewhere', () => {
    const attributes = nodesOf(parse(toHtml(sampleReport())) as unknown as Node).flatMap(({ attrs }) => attrs ?? [])
    const ids = attributes.filter(({ name }) => name === 'id').map(({ value }) => value)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { name, value } of attributes) {
      if (name === 'href') expect(ids).toContain(value.slice(1))
      if (name === 'aria-labelledby') expect(ids).toContain(value)
    }
  })

  test('without a verdict, it begins with that fact', () => {
    const text = toHtml({ ...sampleReport(), untrusted: 'Garbage is logged in too.', results: [] })
    expect(text).toContain('No verdict')
    expect(text).toContain('Garbage is logged in too.')
  })
})

describe('SARIF', () => {
  test('failures and nothing else, with rules, fingerprints and suppressions', () => {
    const report = sampleReport()
    const results = report.results.map((one, i) => ({
      ...one,
      findings: one.findings.map((finding) => ({ ...finding, accepted: i === 0 })),
    }))
    const log = JSON.parse(toSarif({ ...report, results }, { file: 'audit.yaml' }))
    const [run] = log.runs
    expect(log.version).toBe('2.1.0')
    expect(run.results.map(({ ruleId, level }: { ruleId: string; level: string }) => [ruleId, level])).toEqual([
      ['fixation', 'error'],
      ['logout-ends-session', 'error'],
      ['token-strength', 'error'],
    ])
    expect(run.results[0].suppressions).toEqual([{ kind: 'external', status: 'accepted' }])
    expect(run.results[1].suppressions).toBeUndefined()
    for (const result of run.results) {
      expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId)
      expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe('audit.yaml')
      expect(Object.values(result.partialFingerprints)[0]).toContain(`${result.ruleId}/`)
    }
  })

  test('a snippet cannot break out of its fence', () => {
    const report = sampleReport('```\n[x](javascript:1)')
    expect(JSON.parse(toSarif(report)).runs[0].tool.driver.rules.length).toBe(report.results.length)
  })
})

describe('JUnit', () => {
  const hasOnlyOwnTags = (text: string): boolean =>
    [...text.matchAll(/<\/?([^\s/>]+)/g)].every(([, name]) =>
      ['?xml', 'testsuites', 'testsuite', 'testcase', 'failure', 'skipped', 'system-out', 'error'].includes(name ?? ''),
    )

  test('findings without a verdict are skipped, and never passed', () => {
    const text = toJunit(sampleReport())
    expect(text).toContain(
      '<testcase name="refresh after logout" classname="logout-ends-session"><skipped message="cannot judge: ',
    )
    expect(text).toContain('<testcase name="planted id" classname="fixation"/>')
    expect(text.match(/<failure /g)?.length).toBe(3)
  })

  test('a failure that is accepted is skipped', () => {
    const report = sampleReport()
    const results = report.results.map((one) => ({
      ...one,
      findings: one.findings.map((finding) => ({ ...finding, accepted: true })),
    }))
    expect(toJunit({ ...report, results })).not.toContain('<failure')
  })

  test('an audit that cannot be trusted is an error, never an empty success', () => {
    expect(toJunit({ ...sampleReport(), untrusted: 'Garbage is logged in too.', results: [] })).toContain(
      '<error message="Garbage',
    )
  })

  test.each(ATTACKS)('text of an application is not interpreted: %s', (attack) => {
    const text = toJunit(sampleReport(attack))
    expect(hasOnlyOwnTags(text)).toBe(true)
    expect(['\0', '\x1b'].filter((letter) => text.includes(letter))).toEqual([])
  })
})
