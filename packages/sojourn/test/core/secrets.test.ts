import { describe, expect, it } from 'vitest'
import type { Head, PreviousSecret, SessionRecord } from '../../src/core/contracts/record.ts'
import { toLimits } from '../../src/core/contracts/timeouts.ts'
import {
  createNonce,
  deriveSuccessor,
  toHeadChange,
  toRenewed,
  toRenewing,
  toRotated,
  withoutStale,
} from '../../src/core/token/secrets.ts'
import { hashSecret, isStanding, judge, type Verdict } from '../../src/core/token/token.ts'
import { randomBytes } from '../../src/platform/crypto.node.ts'
import { HOUR, MINUTE, SECOND } from './kit.ts'

const LIMITS = toLimits()
const T0 = Date.UTC(2030, 0, 1)
const secrets = Array.from({ length: 8 }, () => randomBytes(24))
const [S0, S1, S2, S3] = secrets.map((secret) => hashSecret(secret)) as [string, string, string, string]
const [B0, B1] = secrets as [Uint8Array, Uint8Array]

function previous(hash: string, until: number, how: PreviousSecret['how'] = 'renewed'): PreviousSecret {
  return { hash, until, how }
}

function judged(head: Partial<Head>, secret: string, atMs = 0, seenMs = atMs): Verdict {
  const record = { kind: 'live', id: 'x', userId: null, version: 0, expiresAt: 0, data: {} } as const
  const full = { secret: S0, secretAt: T0, ...head }
  return judge(
    { ...record, id: 'x' as never, createdAt: T0, lastSeenAt: T0 + seenMs, head: full },
    secret,
    T0 + atMs,
    LIMITS,
  )
}

describe('the verdict on a presented secret', () => {
  const renewal = { nonce: 'n', next: S1 }
  const inGrace = T0 + 10 * SECOND
  it.each<[string, Partial<Head>, string, Verdict]>([
    ['the secret', {}, S0, 'current'],
    ['the secret, its successor waiting', { renewal }, S0, 'renewing'],
    ['the successor, for the first time', { renewal }, S1, 'successor'],
    ['the one before, in its grace', { secret: S1, previous: [previous(S0, inGrace)] }, S0, 'grace'],
    ['the current one beside it', { secret: S1, previous: [previous(S0, inGrace)] }, S1, 'current'],
    [
      'one that was rotated away, in its grace',
      { secret: S1, previous: [previous(S0, inGrace, 'rotated')] },
      S0,
      'superseded',
    ],
    ['the one before, its grace over', { secret: S1, previous: [previous(S0, T0)] }, S0, 'reused'],
    [
      'one that was rotated away, its grace over',
      { secret: S1, previous: [previous(S0, T0, 'rotated')] },
      S0,
      'reused',
    ],
    ['one that never was', {}, S3, 'reused'],
    ['one that never was, while a renewal waits', { renewal }, S3, 'reused'],
    [
      'the second before, in its grace',
      { secret: S2, previous: [previous(S1, inGrace), previous(S0, inGrace)] },
      S0,
      'grace',
    ],
    ['nothing', {}, '', 'reused'],
    ['a beginning of the hash', {}, S0.slice(0, -1), 'reused'],
    ['the hash and more', {}, `${S0}A`, 'reused'],
  ])('%s', (_, head, secret, verdict) => {
    expect(judged(head, secret)).toBe(verdict)
  })

  it('grace holds until its last millisecond', () => {
    const head = { secret: S1, previous: [previous(S0, T0 + 5)] }
    expect([4, 5, 6].map((ms) => judged(head, S0, ms))).toEqual(['grace', 'reused', 'reused'])
  })

  it.each([S0, S1, S2, S3])('time comes first: an expired session has no secret that counts', (secret) => {
    const head = { renewal, previous: [previous(S2, T0 + HOUR)] }
    expect(judged(head, secret, 30 * MINUTE, 0)).toBe('expired')
  })

  it('when so many were replaced within one grace that some are forgotten, an unknown one is no proof of a copy', () => {
    const full = ['a', 'b', 'c', 'd'].map((hash) => previous(hash.repeat(43), T0 + 30))
    expect(judged({ previous: full }, S3, 29)).toBe('superseded')
    expect(judged({ previous: full.slice(1) }, S3, 29)).toBe('reused')
    expect(judged({ previous: full }, S3, 30)).toBe('reused')
  })

  it('says which verdicts let a request in', () => {
    const verdicts: Verdict[] = ['current', 'renewing', 'successor', 'grace', 'expired', 'superseded', 'reused']
    expect(verdicts.filter(isStanding)).toEqual(['current', 'renewing', 'successor', 'grace'])
  })
})

describe('renewal', () => {
  it('derives the same successor from the same secret and nonce, and no other', () => {
    const [nonce, other] = [createNonce(), createNonce()]
    expect(nonce).not.toBe(other)
    const successor = deriveSuccessor(B0, nonce)
    expect(successor).toHaveLength(24)
    expect(deriveSuccessor(B0, nonce)).toEqual(successor)
    expect(deriveSuccessor(B0, other)).not.toEqual(successor)
    expect(deriveSuccessor(B1, nonce)).not.toEqual(successor)
  })

  it('begins with a nonce and the hash of the successor, and the secret stays', () => {
    const head = { secret: S0, secretAt: T0, methods: ['pwd'] }
    expect(toRenewing(head, 'nonce', B1, T0 + 5)).toEqual({
      ...head,
      renewal: { nonce: 'nonce', next: S1, at: T0 + 5 },
    })
    expect(toRenewing(head, 'nonce', B1, T0, 'wrapped').renewal?.sealedKey).toBe('wrapped')
  })

  it('is confirmed: the successor is the secret, the nonce is gone, the old one is in its grace', () => {
    const head: Head = { secret: S0, secretAt: T0, methods: ['pwd'], renewal: { nonce: 'nonce', next: S1 } }
    expect(toRenewed(head, T0 + 7, LIMITS)).toEqual({
      secret: S1,
      secretAt: T0 + 7,
      methods: ['pwd'],
      previous: [{ hash: S0, until: T0 + 7 + 2 * MINUTE, how: 'renewed' }],
    })
  })

  it('moves the sealed data’s key along', () => {
    const head: Head = { secret: S0, secretAt: T0, sealedKey: 'k0', renewal: { nonce: 'n', next: S1, sealedKey: 'k1' } }
    const { sealedKey, previous: before } = toRenewed(head, T0, LIMITS)
    expect(sealedKey).toBe('k1')
    expect(before).toEqual([{ hash: S0, until: T0 + 2 * MINUTE, how: 'renewed', sealedKey: 'k0' }])
  })

  it('forgets what is past its grace, and keeps a handful at most', () => {
    const stale = previous(S2, T0)
    const fresh = previous(S3, T0 + 1)
    const head: Head = { secret: S0, secretAt: T0, renewal: { nonce: 'n', next: S1 }, previous: [fresh, stale] }
    expect(toRenewed(head, T0, LIMITS).previous?.map(({ hash }) => hash)).toEqual([S0, S3])
    const many = { ...head, previous: Array.from({ length: 9 }, () => fresh) }
    expect(toRenewed(many, T0, LIMITS).previous).toHaveLength(4)
  })

  it('leaves a head alone that is not being renewed', () => {
    const head = { secret: S0, secretAt: T0 }
    expect(toRenewed(head, T0, LIMITS)).toBe(head)
  })
})

describe('rotation', () => {
  const head: Head = {
    secret: S0,
    secretAt: T0,
    assurance: 'aal2',
    sealedKey: 'k0',
    renewal: { nonce: 'nonce', next: S1, sealedKey: 'k1' },
    previous: [{ ...previous(S2, T0 + 10), sealedKey: 'k2' }, previous(S3, T0)],
  }

  it('stops every older secret, the waiting successor too, and leaves no way from them to the new one', () => {
    const rotated = toRotated(head, B1, T0 + 5, LIMITS)
    const until = T0 + 5 + 2 * MINUTE
    expect(rotated).toEqual({
      secret: hashSecret(B1),
      secretAt: T0 + 5,
      assurance: 'aal2',
      previous: [S0, S1, S2].map((hash) => ({ hash, until, how: 'rotated' })),
    })
  })

  it('stops the one secret of a head that was never renewed', () => {
    const until = T0 + 5 + 2 * MINUTE
    expect(toRotated({ secret: S0, secretAt: T0 }, B1, T0 + 5, LIMITS).previous).toEqual([
      { hash: S0, until, how: 'rotated' },
    ])
  })

  it('wraps the sealed data’s key anew', () => {
    expect(toRotated(head, B1, T0, LIMITS, 'k9').sealedKey).toBe('k9')
    expect(JSON.stringify(toRotated(head, B1, T0, LIMITS, 'k9'))).not.toMatch(/"k[012]"/)
  })

  it('keeps a handful at most', () => {
    const many = { ...head, previous: Array.from({ length: 9 }, () => previous(S3, T0 + HOUR)) }
    expect(toRotated(many, B1, T0, LIMITS).previous).toHaveLength(4)
  })
})

describe('secrets whose grace is over', () => {
  it('leave the head, with the sealed data’s key under them', () => {
    const fresh = previous(S1, T0 + 1)
    const head: Head = { secret: S0, secretAt: T0, previous: [fresh, { ...previous(S2, T0), sealedKey: 'k2' }] }
    expect(withoutStale(head, T0)).toEqual({ secret: S0, secretAt: T0, previous: [fresh] })
    expect(withoutStale(head, T0 + 1)).toEqual({ secret: S0, secretAt: T0 })
  })

  it('leave the head the same object when there are none', () => {
    for (const head of [
      { secret: S0, secretAt: T0 },
      { secret: S0, secretAt: T0, previous: [previous(S1, T0 + 1)] },
    ]) {
      expect(withoutStale(head, T0)).toBe(head)
    }
  })
})

describe('the version of a changed head', () => {
  const MAX = 2 ** 31 - 1
  const record = { version: 0 } as SessionRecord
  const head: Head = { secret: S0, secretAt: T0 }
  const steps = (version: number) =>
    Array.from({ length: 100 }, () => toHeadChange({ ...record, version }, head).nextVersion - version)

  it('rises by steps that nobody can foresee, so that a failover never repeats one', () => {
    expect(new Set(steps(0)).size).toBeGreaterThan(90)
    expect(Math.min(...steps(0))).toBeGreaterThan(0)
  })

  it('stays within the 32 bits of a column, however often the head changes', () => {
    expect(new Set(steps(MAX - 1))).toEqual(new Set([1]))
    let version = 0
    for (let i = 0; i < 200_000; i++) version = toHeadChange({ ...record, version }, head).nextVersion
    expect(version).toBeLessThanOrEqual(MAX)
  })
})
