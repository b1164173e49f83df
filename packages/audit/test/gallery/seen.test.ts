import { checks } from '@sojourn/audit'
import { describe, expect, test } from 'vitest'
import { DJANGO_DATABASE, DJANGO_SIGNED_COOKIES, dokuWiki } from '../apps/truth.ts'
import { browserVariants } from './browser-variants.ts'
import { kindsInSource, verdictsByKind } from './kinds.ts'
import { never } from './never.ts'
import { gallery } from './truth.ts'

const truths = [...gallery, ...browserVariants].map(({ truth }) => truth)
const seen = verdictsByKind([...truths, DJANGO_DATABASE, DJANGO_SIGNED_COOKIES, dokuWiki('auth')])
const inSource = checks.flatMap(({ id }) => kindsInSource(id))
/** `check`: why a check as a whole was not run. */
const kinds = [...new Set([...seen.keys(), ...inSource])].filter((kind) => !kind.endsWith('/check'))

describe('each kind of finding is seen to fail and to pass', () => {
  test.each(kinds)('%s', (kind) => {
    const excused = never.filter((one) => one.kinds.includes(kind)).flatMap(({ verdicts }) => verdicts)
    const missing = (['fail', 'pass'] as const).filter((verdict) => seen.get(kind)?.has(verdict) !== true)
    expect(missing).toEqual(excused)
  })
})

test('every kind of finding is covered, and no other is excused', () => {
  expect(new Set(kinds.map((kind) => kind.split('/')[0]))).toEqual(new Set(checks.map(({ id }) => id)))
  expect(never.flatMap((one) => one.kinds).filter((kind) => !kinds.includes(kind))).toEqual([])
})
