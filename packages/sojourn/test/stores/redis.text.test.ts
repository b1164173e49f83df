import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { Head, SessionId, SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'
import type { Change } from '../../src/core/contracts/store.ts'
import { applyChange } from '../../src/stores/kit/records.ts'
import { fromText, lengthen, shorten, toRecordText, toTombstoneText } from '../../src/stores/redis/record-text.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { startRedis } from '../support/servers/redis.ts'
import { anId, aRecord, NOW } from './records.ts'
import { oneServer } from './redis-clients.ts'
import { isLeftOut } from './redis-stores.ts'
import { plain } from './schedules.ts'

/** Any text at all: every plane, halves of characters, and what the format itself is made of. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\n', '\t', '\x1b', '\0', '\x01', '1L', '%', 'a') }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
)
const anyTime = fc.oneof(
  fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
)
const anyKey = fc.oneof(anyText, fc.constantFrom('__proto__', 'a', 'b', ''))
const anyData = fc.array(fc.tuple(anyKey, anyText)).map((entries) => Object.fromEntries(entries))
const anyHead = fc
  .tuple(anyTime, anyText, fc.json())
  .map(([secretAt, name, ip]) => ({ secret: 's', secretAt, device: { name, ip } }) satisfies Head)

const live: fc.Arbitrary<SessionRecord> = plain({
  kind: fc.constant('live' as const),
  id: fc.constant(anId()),
  userId: fc.option(anyText),
  version: fc.nat(),
  createdAt: anyTime,
  lastSeenAt: anyTime,
  expiresAt: anyTime,
  head: anyHead,
  data: anyData,
})

const ended: fc.Arbitrary<Tombstone> = plain({
  kind: fc.constant('ended' as const),
  id: fc.constant(anId()),
  reason: anyText,
  endedAt: anyTime,
  expiresAt: anyTime,
})

const throughUtf8 = (text: string): string => Buffer.from(text).toString()

describe('the text of a record in Redis', () => {
  test('reads back as what it was written from, through UTF-8, whatever the data', () => {
    const property = fc.property(fc.oneof(live, ended), fc.option(fc.nat()), (value, indexed) => {
      const text = value.kind === 'live' ? toRecordText(value, indexed) : toTombstoneText(value)
      expect(fromText(value.id, throughUtf8(text))).toStrictEqual(value)
    })
    fc.assert(property, { numRuns: 2000 })
  })

  test('a head with every field reads back, and is shorter', () => {
    const head = JSON.stringify({
      authenticatedAt: NOW,
      methods: ['pwd', 'otp'],
      assurance: 'aal2',
      device: { name: 'Firefox on Linux', ip: '192.0.2.0/24' },
      secret: 'x'.repeat(43),
      secretAt: NOW,
      previous: [{ hash: 'y', until: NOW + 1, how: 'renewed' }],
      renewal: { nonce: 'n', next: 'm', sealedKey: 'k' },
    })
    const short = shorten(head, NOW)
    expect(short.length).toBeLessThan(head.length * 0.6)
    expect(lengthen(throughUtf8(short), NOW)).toBe(head)
  })

  test.each([
    '',
    ' ',
    '9Lx  y  0\n\n{}',
    '1Lzz',
    '1L1  2  0\n\n',
    '1L1  2  0\n\n{}\nkey',
    '1L1  2  0\n\n{"a"\nkey\ttext',
    '1E1',
  ])('of a form that this version does not know (%j) is refused', (text) => {
    expect(() => fromText('id' as SessionId, text)).toThrow(expect.objectContaining({ code: 'ERR_RECORD_DAMAGED' }))
  })
})

describe.skipIf(isLeftOut)('the script that writes', async () => {
  if (isLeftOut) return
  const server = await startRedis()
  const { client, close } = await oneServer.ioredis([server.port])
  const store = redisStore({ client })
  afterAll(async () => {
    await close()
    await server.stop()
  })

  const edits: fc.Arbitrary<Change> = fc.record(
    {
      set: anyData,
      remove: fc.array(anyKey, { maxLength: 3 }),
      expect: plain<{ key: string; text: string | null }>({ key: anyKey, text: fc.option(anyText) }),
      version: fc.constantFrom(0, 1, 7),
      head: anyHead,
      seen: plain({ at: anyTime, expiresAt: anyTime }),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  const change = edits.map((one) => (one.head === undefined ? one : { ...one, nextVersion: (one.version ?? 0) + 3 }))

  test('does to a record what applyChange does, whatever the data', async () => {
    const property = fc.asyncProperty(anyData, fc.array(change, { maxLength: 4 }), async (data, changes) => {
      let record = aRecord({ data, userId: `ada ${anId()}` })
      await store.create(record)
      for (const each of changes) {
        const next = applyChange(record, each)
        const written = await store.write(record.id, each)
        expect(written).toStrictEqual(next === null ? { status: 'conflict', record } : { status: 'written' })
        record = next ?? record
        expect(await store.read(record.id)).toStrictEqual(record)
      }
    })
    await fc.assert(property, { numRuns: 300 })
  }, 60_000)
})
