import type { Timeouts } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { type Duration, toMs } from '../../src/core/contracts/duration.ts'
import { toLimits } from '../../src/core/contracts/timeouts.ts'
import { expiryOf } from '../../src/core/token/token.ts'
import { createWorld, DAY, HOUR, MINUTE, rejection, SECOND } from './kit.ts'

describe('timeouts', () => {
  it.each([
    [undefined, { idleMs: 30 * MINUTE, absoluteMs: 12 * HOUR, renewMs: HOUR }],
    ['owasp-low', { idleMs: 30 * MINUTE, absoluteMs: 8 * HOUR, renewMs: HOUR }],
    ['owasp-high', { idleMs: 5 * MINUTE, absoluteMs: 4 * HOUR, renewMs: 30 * MINUTE }],
    ['nist-aal1', { idleMs: 30 * DAY, absoluteMs: 30 * DAY, renewMs: HOUR }],
    ['nist-aal2', { idleMs: HOUR, absoluteMs: 24 * HOUR, renewMs: HOUR }],
    ['nist-aal3', { idleMs: 15 * MINUTE, absoluteMs: 12 * HOUR, renewMs: HOUR }],
    ['pci-dss', { idleMs: 15 * MINUTE, absoluteMs: 12 * HOUR, renewMs: HOUR }],
  ] as const)('preset %s', (preset, limits) => {
    const isCeiling = ['owasp-high', 'nist-aal2', 'nist-aal3', 'pci-dss'].includes(preset ?? '')
    const most = isCeiling
      ? { mostIdleMs: limits.idleMs, mostAbsoluteMs: limits.absoluteMs }
      : { mostIdleMs: Number.POSITIVE_INFINITY, mostAbsoluteMs: Number.POSITIVE_INFINITY }
    const expected = { graceMs: 2 * MINUTE, touchMs: MINUTE, ...most, ...limits }
    expect(toLimits(preset)).toEqual(expected)
    expect(toLimits(preset === undefined ? {} : { preset })).toEqual(expected)
  })

  it('a preset can be adjusted', () => {
    expect(toLimits({ preset: 'owasp-high', idle: '2m', renew: '45m', grace: '10s', touch: '20s' })).toEqual({
      idleMs: 2 * MINUTE,
      absoluteMs: 4 * HOUR,
      renewMs: 45 * MINUTE,
      graceMs: 10 * SECOND,
      touchMs: 20 * SECOND,
      mostIdleMs: 5 * MINUTE,
      mostAbsoluteMs: 4 * HOUR,
    })
  })

  it.each<[unknown, string]>([
    ['owasp', 'preset'],
    ['toString', 'preset'],
    [{ preset: '__proto__' }, 'preset'],
    [{ idle: '13h' }, 'idle'],
    [{ preset: 'owasp-high', idle: '5h' }, 'idle'],
    [{ preset: 'pci-dss', idle: '16m' }, 'timeouts.idle is longer than the preset pci-dss allows'],
    [{ preset: 'nist-aal2', absolute: '25h' }, 'timeouts.absolute is longer than the preset nist-aal2 allows'],
    [{ ceiling: { idle: '29m' } }, 'timeouts.idle is longer than timeouts.ceiling allows'],
    [{ ceiling: { absolut: '1h' } }, 'absolut'],
    [{ ceiling: { absolute: 'soon' } }, 'timeouts.ceiling.absolute'],
    [{ ceiling: '1h' }, 'ceiling'],
    [{ idle: 'never' }, 'timeouts.idle'],
    [{ absolute: 0 }, 'timeouts.absolute'],
    [{ renew: '1 h' }, 'timeouts.renew'],
    [{ grace: Number.NaN }, 'timeouts.grace'],
    [{ touch: -1 }, 'timeouts.touch'],
    [{ renew: '10s', grace: '11s' }, 'renew'],
  ])('refuses %j', async (timeouts, named) => {
    const error = await rejection(() => createWorld({ timeouts: timeouts as Timeouts }))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain(named)
  })

  it('takes a short renew for the grace too, where none is given', () => {
    expect(toLimits({ renew: '30s' })).toMatchObject({ renewMs: 30 * SECOND, graceMs: 30 * SECOND })
  })

  it('takes idle as long as absolute, and renew as short as grace', () => {
    expect(toLimits({ idle: '1h', absolute: '1h', renew: '30s', grace: '30s' })).toMatchObject({ idleMs: HOUR })
  })

  it('the earlier limit counts, and the session’s own before the configured', () => {
    const limits = toLimits()
    const record = { createdAt: 1000, lastSeenAt: 2000, head: {} }
    const of = (head: object, more: object = {}) =>
      expiryOf({ ...record, ...more, head: { ...record.head, ...head } }, limits)
    expect(of({})).toBe(2000 + 30 * MINUTE)
    expect(of({ absoluteMs: 5000 })).toBe(6000)
    expect(of({ idleMs: 50 })).toBe(2050)
    expect(of({ absoluteMs: 5000, authenticatedAt: 1500 })).toBe(6500)
    expect(of({ absoluteMs: 5000, authenticatedAt: 500 })).toBe(6000)
  })
})

describe('durations', () => {
  it.each<[Duration, number]>([
    [1, 1],
    [1500, 1500],
    [0.6, 1],
    ['1ms', 1],
    ['90s', 90_000],
    ['1.5h', 90 * MINUTE],
    ['30m', 30 * MINUTE],
    ['2d', 2 * DAY],
    ['1w', 7 * DAY],
    ['5200w', 36_400 * DAY],
  ])('%j is %d ms', (duration, ms) => {
    expect(toMs(duration, 'it')).toBe(ms)
  })

  it.each([
    0,
    -1,
    0.4,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.MAX_SAFE_INTEGER,
    '',
    '5',
    'm',
    '5 m',
    ' 5m',
    '5m ',
    '5M',
    '5min',
    '-5m',
    '+5m',
    '.5m',
    '5.m',
    '1e3s',
    '0x5s',
    '0s',
    '0.1ms',
    '5m5m',
    '5m\n',
    `${'9'.repeat(400)}s`,
    '101000d',
    null,
    undefined,
    {},
    5n,
    ['5m'],
    true,
  ])('refuses %s, naming the option', async (duration) => {
    const error = await rejection(() => toMs(duration as Duration, 'timeouts.idle'))
    expect(error).toMatchObject({ code: 'ERR_OPTION', status: 500 })
    expect(error.message).toContain('timeouts.idle')
  })
})
