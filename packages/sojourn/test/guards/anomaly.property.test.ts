import fc from 'fast-check'
import { anomaly, type Place } from 'sojourn/guards/anomaly'
import { describe, expect, test } from 'vitest'
import { clientOf, differenceOf } from '../../src/guards/anomaly/_client.ts'
import { begin, judge, type Visit } from '../../src/guards/anomaly/_judge.ts'
import { toNote, toNoteText } from '../../src/guards/anomaly/_note.ts'
import { toNetwork } from '../../src/guards/anomaly/_place.ts'
import { combine } from '../../src/guards/anomaly/_signal.ts'
import { createWorld, type TestData, toView } from '../core/kit.ts'
import { agents } from './anomaly/agents.ts'

const START = Date.UTC(2030, 0, 1)
const peers = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant(null))
const places: fc.Arbitrary<Place | null> = fc.option(
  fc.record(
    {
      country: fc.constantFrom('DE', 'US', 'BR', 'x'),
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
      radiusKm: fc.double({ noNaN: true }),
      asn: fc.integer(),
      kind: fc.constantFrom('fixed' as const, 'mobile' as const, 'hosting' as const, 'vpn' as const, 'relay' as const),
    },
    { requiredKeys: [] },
  ),
)
const agentTexts = fc.oneof(
  fc.string(),
  fc.tuple(fc.constantFrom(...Object.values(agents)), fc.nat(9999)).map(([toText, major]) => toText(major)),
)
const client = (agent: string) => clientOf(toView({ headers: { 'user-agent': agent } }))
const visits: fc.Arbitrary<Visit> = fc
  .record({
    agent: agentTexts,
    peer: peers,
    place: places,
    minutes: fc.nat(100_000),
    proof: fc.nat(3),
    reused: fc.nat(2),
  })
  .map(({ agent, peer, place, minutes, proof, reused }) => ({
    client: client(agent),
    network: toNetwork(peer, place),
    nowMs: START + minutes * 60_000,
    lastSeenMs: START + minutes * 30_000,
    proofMs: proof === 0 ? null : START + proof,
    reusedMs: reused === 0 ? 0 : START + reused,
  }))

describe('the note of the anomaly guard', () => {
  test('is read back as it was written, and stays short, whatever clients do', () => {
    fc.assert(
      fc.property(fc.array(visits, { minLength: 1, maxLength: 30 }), ([first, ...others]) => {
        let note = begin(first as Visit)
        for (const visit of others) note = judge(note, visit).note
        const text = toNoteText(note)
        expect(toNote(text)).toEqual(note)
        expect(text.length).toBeLessThan(700)
      }),
    )
  })

  test('shows nothing new for the same request again', () => {
    fc.assert(
      fc.property(visits, (visit) => {
        const note = begin(visit)
        expect(judge(note, { ...visit, proofMs: visit.proofMs === null ? null : note.proofMs })).toEqual({
          signals: [],
          note,
        })
      }),
    )
  })

  test('of any text begins anew or is judged, and never throws', async () => {
    const written = visits.map((visit) => toNoteText(begin(visit)))
    const damaged = fc.tuple(written, fc.nat(200), fc.string()).map(([text, at, piece]) => text.slice(0, at) + piece)
    const json = fc.json().map((text) => `1|a|b|1|c|0|1\n${text}`)
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), damaged, json, written), visits, async (text, visit) => {
        const note = toNote(text)
        const after = note === null ? begin(visit) : judge(note, visit).note
        expect(toNote(toNoteText(after))).toEqual(after)
      }),
    )
  })

  test('of another version or of other software leaves the user logged in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), agentTexts, async (text, agent) => {
        const guard = anomaly({ low: 'end' })
        const world = createWorld<TestData>({ guards: [{ name: 'anomaly', login: () => ({ note: text }) }] })
        const browser = world.client()
        await browser.send((session) => session.login('ada'))
        const guarded = world.node({ guards: [guard] })
        const exchange = await guarded.open(toView({ cookie: browser.cookie(), headers: { 'user-agent': agent } }))
        expect(exchange.session.userId).toBe('ada')
        await exchange.commit()
        expect(world.eventsOf('fault')).toEqual([])
      }),
      { numRuns: 50 },
    )
  })
})

test('clients are compared without a difference to themselves, and what is not known is no difference', () => {
  fc.assert(
    fc.property(agentTexts, agentTexts, (a, b) => {
      expect(differenceOf(client(a), client(a))).toBe('same')
      const [before, now] = [client(a), client(b)]
      if (before.program === '?' && before.system === '?') expect(differenceOf(before, now)).toBe('same')
    }),
  )
})

test('a score is a probability, and never falls by another signal', () => {
  const signals = fc.array(
    fc
      .double({ min: 0, max: 1, noNaN: true })
      .map((score) => ({ finding: 'ids-probed' as const, score, message: 'x' })),
    { minLength: 1, maxLength: 5 },
  )
  fc.assert(
    fc.property(signals, (all) => {
      const score = combine(all)?.score ?? 0
      expect(score).toBeLessThanOrEqual(1)
      expect(score).toBeGreaterThanOrEqual(Math.max(...all.map((each) => each.score)) - 0.006)
    }),
  )
})
