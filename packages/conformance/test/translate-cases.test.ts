import { createHmac } from 'node:crypto'
import { runCases, type TranslateContext, toTable, translateCases, type VouchedFor } from '@sojourn/conformance'
import type { Carrier, HeaderChange, RequestView } from 'sojourn'
import { adopt, type OldSession, vouch } from 'sojourn/carriers/kit'
import { describe, expect, test } from 'vitest'

type Client = ReturnType<NonNullable<TranslateContext['adoptable']>>

/** A client that holds one text in one header, until a response clears it. */
function holding(header: string, text: string): Client {
  let held: string | null = text
  return {
    request: (): RequestView => {
      const now = held
      const view = { method: 'GET', url: '/', secure: true, peer: null }
      return { ...view, header: (name) => (name === header ? now : null) }
    },
    receive(changes: readonly HeaderChange[]) {
      if (changes.some(({ name }) => name === `${header}-cleared`)) held = null
    },
  }
}

function textCarrier(header: string, ambient: boolean, translate: NonNullable<Carrier['translate']>): Carrier {
  return {
    name: 'outside',
    ambient,
    readOnly: true,
    vary: header,
    read: (view) => ({ values: [view.header(header) ?? ''].filter((text) => text !== ''), overflow: false }),
    translate,
    write: () => [],
    clear: () => [{ name: `${header}-cleared`, value: 'yes', how: 'replace' }],
  }
}

const sign = (text: string): string => `${text}.${createHmac('sha256', 'their key').update(text).digest('base64url')}`
const verify = (text: string): string | null => {
  const at = text.lastIndexOf('.')
  return at > 0 && sign(text.slice(0, at)) === text ? text.slice(0, at) : null
}

/** How the carrier below is broken. */
interface Flaws {
  readonly verify?: (text: string) => string | null
  readonly keyOf?: (id: string) => string
  readonly load?: (id: string, rows: Rows) => ReturnType<Rows['get']>
  readonly carrier?: Partial<Carrier>
}

interface Rows {
  get(id: string): OldSession | 'unknown'
}

function adopting(flaws: Flaws | (() => Flaws) = {}): TranslateContext {
  const rows = new Map<string, OldSession>()
  let isDown = false
  let last = 0
  const get = (id: string): OldSession | 'unknown' => {
    if (isDown) throw new Error('the other library has no answer')
    return rows.get(id) ?? 'unknown'
  }
  return {
    createCarrier() {
      const own = typeof flaws === 'function' ? flaws() : flaws
      const good = textCarrier('x-old', true, (text) => {
        const id = (own.verify ?? verify)(text)
        if (id === null) return 'forged'
        const load = (): OldSession | 'unknown' => own.load?.(id, { get }) ?? get(id)
        return adopt({ key: own.keyOf?.(id) ?? id, load, adopted: () => void rows.delete(id) })
      })
      return { ...good, ...own.carrier }
    },
    adoptable(userId) {
      const id = `row${last++}`
      rows.set(id, { userId, data: {}, until: Date.now() + 3_600_000 })
      return holding('x-old', sign(id))
    },
    async outage(work) {
      isDown = true
      await work()
      isDown = false
    },
    without: { vouched: 'it adopts' },
  }
}

function vouching(
  toVouching: (says: VouchedFor) => Parameters<typeof vouch>[0] = (says) => says,
  verified: (text: string) => string | null = verify,
): TranslateContext {
  return {
    createCarrier: () =>
      textCarrier('x-access', false, (text) => {
        const claims = verified(text)
        return claims === null ? 'forged' : vouch(toVouching(JSON.parse(claims)))
      }),
    vouched: (says) => holding('x-access', sign(JSON.stringify(says))),
    without: { adoptable: 'it vouches', outage: 'it needs no store' },
  }
}

async function failures(context: TranslateContext): Promise<readonly string[]> {
  const results = await runCases(translateCases, context)
  return results.filter(({ status }) => status === 'failed').map(({ name }) => name)
}

test.each<[string, TranslateContext, notRun: number]>([
  ['adopts', adopting(), 3],
  ['vouches, and reads the record', vouching(), 6],
  ['vouches, and reads nothing', vouching((says) => ({ ...says, reads: 'nothing' })), 6],
])('a carrier that %s holds', async (_, context, notRun) => {
  const results = await runCases(translateCases, context)
  expect(
    results.filter(({ status }) => status === 'failed'),
    toTable(results),
  ).toEqual([])
  expect(results.filter(({ status }) => status === 'not run')).toHaveLength(notRun)
})

test('a context without any text fails instead of skipping', async () => {
  const { createCarrier } = adopting()
  const none = 'none'
  const without = { adoptable: none, vouched: none, outage: none }
  expect(await failures({ createCarrier, without })).toHaveLength(2)
})

const unsigned = (text: string): string => text.slice(0, Math.max(0, text.lastIndexOf('.')))
const NOW = Date.now()

describe('a carrier that is broken in one way fails', () => {
  let calls = 0

  test.each<[broken: string, context: TranslateContext, fails: string]>([
    [
      'takes its text for our token',
      adopting({ carrier: { translate: () => null } }),
      'a live session of the other library becomes one of ours',
    ],
    [
      'logs everybody in as one user',
      adopting({ load: () => ({ userId: 'root', data: {}, until: NOW + 3_600_000 }) }),
      'a live session of the other library becomes one of ours',
    ],
    [
      'takes another key for each request',
      adopting({ keyOf: (id) => `${id} ${calls++}` }),
      'requests at once with one',
    ],
    ['takes one key for all', adopting({ keyOf: () => 'session' }), 'texts of two users open two sessions'],
    ['does not clear its text', adopting({ carrier: { clear: () => [] } }), 'the client forgets the text'],
    [
      'takes another key in each process',
      adopting(() => {
        const salt = `${calls++}`
        return { keyOf: (id) => id + salt, load: () => ({ userId: 'ada', data: {}, until: NOW + 3_600_000 }) }
      }),
      'a text begins one session',
    ],
    [
      'takes an outage for a session that is gone',
      adopting({
        load(id, rows) {
          try {
            return rows.get(id)
          } catch {
            return 'unknown'
          }
        },
      }),
      'an outage of the other library',
    ],
    ['checks no signature', adopting({ verify: unsigned }), 'a text that was changed'],
    ['throws for a text that is none', adopting({ verify: (text) => verify(decodeURIComponent(text)) }), 'any bytes'],
    ['asks the store about any text', adopting({ verify: (text) => verify(text) ?? `none ${text}` }), 'any bytes'],
    ['vouches for one session only', vouching(firstOnly()), 'a text opens the session that it vouches for'],
    [
      'does not read the user from the text',
      vouching((says) => ({ ...says, userId: 'ada' })),
      'a text that names another user',
    ],
    ['makes texts last', vouching((says) => ({ ...says, expiresAt: NOW + 3_600_000 })), 'a text that has expired'],
    ['checks no signature of access tokens', vouching(undefined, unsigned), 'a text that was changed'],
    [
      'throws for an access token that is none',
      vouching(undefined, (text) => verify(text) ?? (text.startsWith('{') ? null : JSON.parse(text))),
      'any bytes',
    ],
  ])('when it %s', async (_, context, fails) => {
    calls = 0
    expect((await failures(context)).filter((name) => name.startsWith(fails))).toHaveLength(1)
  })
})

function firstOnly(): (says: VouchedFor) => VouchedFor {
  let first: VouchedFor | null = null
  return (says) => {
    first ??= says
    return { ...first, userId: says.userId }
  }
}
