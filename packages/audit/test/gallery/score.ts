import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { checks, type Report, VERDICTS, type Verdict } from '@sojourn/audit'
import { findings } from '../support/audit.ts'
import type { Truth } from './variant.ts'

/** One check on one application. */
export interface Cell {
  readonly application: string
  readonly check: string
  readonly expected: Truth
  readonly got: Truth
}

export function cellsOf(application: string, expected: Truth, report: Report): readonly Cell[] {
  const got = Object.fromEntries(findings(report).map(({ fingerprint, verdict }) => [fingerprint, verdict]))
  const of = (check: string, truth: Truth) =>
    Object.fromEntries(Object.entries(truth).filter(([about]) => about.startsWith(`${check}/`)))
  return checks
    .map(({ id }) => ({ application, check: id, expected: of(id, expected), got: of(id, got) }))
    .filter((cell) => Object.keys({ ...cell.expected, ...cell.got }).length > 0)
}

/** Describes the differences. */
export const differences = (cells: readonly Cell[]): readonly string[] =>
  cells.flatMap(({ expected, got }) =>
    [...new Set([...Object.keys(expected), ...Object.keys(got)])]
      .filter((about) => expected[about] !== got[about])
      .map((about) => `${about}: true is ${expected[about] ?? 'nothing'}, said was ${got[about] ?? 'nothing'}`),
  )

export interface Score {
  readonly check: string
  readonly cells: number
  readonly found: number
  readonly missed: number
  readonly accused: number
  readonly precision: number | null
  readonly recall: number | null
}

/** By check: of what it accused, how much is so; of what is so, how much it accused. Findings are counted one by one. */
export function scoresOf(cells: readonly Cell[]): readonly Score[] {
  return checks.map(({ id }) => {
    const own = cells.filter(({ check }) => check === id)
    const count = (is: (expected: Verdict | undefined, got: Verdict | undefined) => boolean) =>
      own.flatMap(({ expected, got }) =>
        Object.keys({ ...expected, ...got }).filter((about) => is(expected[about], got[about])),
      ).length
    const found = count((expected, got) => expected === 'fail' && got === 'fail')
    const missed = count((expected, got) => expected === 'fail' && got !== 'fail')
    const accused = count((expected, got) => expected !== 'fail' && got === 'fail')
    const part = (all: number) => (all === 0 ? null : found / all)
    return {
      check: id,
      cells: own.length,
      found,
      missed,
      accused,
      precision: part(found + accused),
      recall: part(found + missed),
    }
  })
}

const percent = (part: number | null) => (part === null ? '-' : `${(part * 100).toFixed(0)} %`).padStart(9)

export function tableOf(scores: readonly Score[]): string {
  const rows = scores.map(
    ({ check, cells, found, missed, accused, precision, recall }) =>
      `${check.padEnd(22)}${[cells, found, missed, accused].map((n) => String(n).padStart(8)).join('')}${percent(precision)}${percent(recall)}`,
  )
  return ['check                    cells   found  missed accused precision   recall', ...rows].join('\n')
}

const worst = (truth: Truth): Verdict | null =>
  VERDICTS.find((verdict) => Object.values(truth).includes(verdict)) ?? null

/** For the note of a release: the table and every cell, beside the figures of coverage. */
export function writeScores(name: string, cells: readonly Cell[]): void {
  const path = new URL(`../../../../coverage/audit/${name}.json`, import.meta.url)
  mkdirSync(dirname(path.pathname), { recursive: true })
  const brief = cells.map(({ application, check, expected, got }) => ({
    application,
    check,
    expected: worst(expected),
    got: worst(got),
  }))
  writeFileSync(path, `${JSON.stringify({ scores: scoresOf(cells), cells: brief }, null, 2)}\n`)
}
