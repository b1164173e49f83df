import { assert, assertEqual } from '../assert.ts'
import { ENDED, FRESH_TOKEN, HASHED, PRIVATE, STRICT, type StoreCase, type StoreContext } from './context.ts'
import { atOnce, MINUTE, randomText } from './records.ts'
import { loggedIn, type World, withWorld } from './visitors.ts'

const HOUR = 60 * MINUTE

/** Token, locator and secret, in every form in which a database or a mistake in the code might store them. */
function formsOf(token: string): readonly Uint8Array[] {
  const binary = atob(token.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  const parts = [bytes.subarray(0, 40), bytes.subarray(0, 16), bytes.subarray(16, 40)]
  const texts = [
    token.slice(0, 20),
    token.slice(24, 52),
    ...parts.flatMap((part) => {
      const hex = Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join('')
      const base64 = btoa(String.fromCharCode(...part)).replaceAll('=', '')
      return [hex, hex.toUpperCase(), base64, base64.replaceAll('+', '-').replaceAll('/', '_')]
    }),
  ]
  return [...parts, ...texts.map((text) => new TextEncoder().encode(text))]
}

function includes(held: Uint8Array, part: Uint8Array): boolean {
  const [first = -1] = part
  for (let at = held.indexOf(first); at !== -1; at = held.indexOf(first, at + 1)) {
    if (part.every((byte, index) => held[at + index] === byte)) return true
  }
  return false
}

async function probe(ctx: StoreContext, world: World): Promise<readonly Uint8Array[]> {
  const held = (await ctx.probe?.(world.store)) ?? []
  return held.map((item) => (typeof item === 'string' ? new TextEncoder().encode(item) : item))
}

async function assertNoToken(ctx: StoreContext, world: World, when: string): Promise<void> {
  const held = await probe(ctx, world)
  for (const token of world.tokens) {
    for (const form of formsOf(token)) {
      assert(!held.some((item) => includes(item, form)), `the database holds a token, or half of one, ${when}`)
    }
  }
}

/** A probe that does not see stored values would prove nothing. */
async function assertSeen(ctx: StoreContext, world: World, text: string, what: string): Promise<void> {
  const form = new TextEncoder().encode(text)
  const isThere = (await probe(ctx, world)).some((item) => includes(item, form))
  assert(isThere, `the probe sees ${what}: without that it would prove nothing`)
}

export const sessionTokenCases: readonly StoreCase[] = [
  {
    name: 'the database contains the id and never a token, from the first request to the last',
    guarantee: HASHED,
    needs: ['probe'],
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = world.visitor()
        const marker = randomText(20)
        await visitor.visit((session) => Object.assign(session.data, { marker }))
        await assertNoToken(ctx, world, 'after the first write')
        await visitor.visit((session) => session.login('ada'))
        await assertNoToken(ctx, world, 'after login')
        const id = await visitor.visit((session) => session.id)
        await assertSeen(ctx, world, id, 'the id')
        await assertSeen(ctx, world, marker, 'the data')
        await visitor.visit((session) => session.rotate())
        await assertNoToken(ctx, world, 'after rotation')
        for (let round = 0; round < 8; round++) {
          world.pass(25 * MINUTE)
          await visitor.visit((session) => session.update('n', (n) => Number(n ?? 0) + 1))
          await assertNoToken(ctx, world, 'during renewals')
        }
        await visitor.visit((session) => session.reauthenticated())
        await visitor.visit((session) => session.logout())
        await assertNoToken(ctx, world, 'after logout')
        assert(new Set(world.tokens).size >= 5, 'tokens were handed out at login, rotation, renewal and proof')
      }),
  },
  {
    name: 'the database contains no sealed data in plain text',
    guarantee: PRIVATE,
    needs: ['probe'],
    run: (ctx) =>
      withWorld(
        ctx,
        async (world) => {
          const visitor = world.visitor()
          const [name, value] = [randomText(20), randomText(20)]
          await visitor.visit((session) => Object.assign(session.data, { [name]: value }))
          await visitor.visit((session) => session.login('ada'))
          const found = await visitor.visit((session) => [session.data[name], session.id])
          assertEqual(found[0], value, 'data, with the token')
          await assertSeen(ctx, world, String(found[1]), 'the id')
          await assertNoToken(ctx, world, 'of a sealed session')
          const held = await probe(ctx, world)
          const form = new TextEncoder().encode(value)
          assert(!held.some((item) => includes(item, form)), 'the database holds sealed data in the clear')
        },
        { sealed: true },
      ),
  },
  {
    name: 'a token that this server did not issue becomes no session, even if the request stores data',
    guarantee: STRICT,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        // The right form: 40 bytes, of which the last character carries two bits.
        const planted = `${randomText(53)}A`
        const victim = world.visitor(planted)
        const id = await victim.visit((session) => {
          assertEqual([session.refused, session.isNew], ['unknown', true], 'what became of the planted token')
          session.data.cart = ['a']
          return session.id
        })
        assert(victim.token !== null && victim.token !== planted, 'the client gets a token of ours')
        assertEqual(await victim.visit((session) => session.id), id, 'its session')
        const userId = await world.visitor(planted).visit((session) => [session.isNew, session.data.cart ?? null])
        assertEqual(userId, [true, null], 'what the planted token opens')
      }),
  },
  {
    name: 'login, rotation and a new proof give a fresh token, and the old one stops at once',
    guarantee: FRESH_TOKEN,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = world.visitor()
        await visitor.visit((session) => Object.assign(session.data, { cart: ['a'] }))
        const steps = [
          ['login', () => visitor.visit((session) => session.login('ada'))],
          ['rotate', () => visitor.visit((session) => session.rotate())],
          ['reauthenticated', () => visitor.visit((session) => session.reauthenticated())],
        ] as const
        for (const [name, step] of steps) {
          const before = visitor.token ?? ''
          await step()
          assert(visitor.token !== null && visitor.token !== before, `${name} gives a fresh token`)
          const old = await world.visitor(before).visit(({ userId, isNew }) => [userId, isNew])
          assertEqual(old, [null, true], `the token from before ${name}`)
          const now = await visitor.visit(({ userId, data }) => [userId, data.cart])
          assertEqual(now, ['ada', ['a']], `the session after ${name}`)
        }
      }),
  },
  {
    name: 'a renewal in parallel requests yields one successor and logs nobody out; the old token is reported on later use, and ends the session at the next',
    guarantee: FRESH_TOKEN,
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = await loggedIn(world, 'ada')
        const old = visitor.token ?? ''
        for (let round = 0; round < 3; round++) {
          world.pass(25 * MINUTE)
          const requests = await atOnce(10, () => world.visitor(visitor.token ?? ''))
          await atOnce(10, (index) =>
            requests[index]?.visit((session) => {
              assertEqual(session.userId, 'ada', 'the user, in a parallel request')
              session.data[`round-${round}-${index}`] = true
            }),
          )
          const next = new Set(requests.map(({ token }) => token))
          assert(next.size === 1, 'every parallel request leaves the client with the same token')
          visitor.token = [...next][0] ?? null
        }
        assert(visitor.token !== old, 'the token was renewed')
        const data = await visitor.visit((session) => ({ ...session.data }))
        assertEqual(Object.keys(data).length, 30, 'keys written on the way')
        world.pass(2 * MINUTE)
        assertEqual(await world.visitor(old).visit((session) => session.refused), 'reused', 'the old token')
        assertEqual(await visitor.visit((session) => session.userId), 'ada', 'the user, after its first use')
        world.pass(2 * MINUTE)
        assertEqual(await world.visitor(old).visit((session) => session.refused), 'reused', 'the old token, again')
        assertEqual(await visitor.visit((session) => session.userId), null, 'and the session ends')
      }),
  },
  {
    name: 'an ended session is reported as ended until it would have expired, and as unknown after the sweep',
    guarantee: ENDED,
    needs: ['sweeps'],
    run: (ctx) =>
      withWorld(ctx, async (world) => {
        const visitor = await loggedIn(world, 'ada')
        const token = visitor.token ?? ''
        await visitor.visit((session) => session.logout())
        world.pass(10 * MINUTE)
        await world.sessions.sweep()
        assertEqual(await world.visitor(token).visit((session) => session.refused), 'ended', 'refused, soon after')
        world.pass(24 * HOUR)
        await world.sessions.sweep()
        assertEqual(await world.visitor(token).visit((session) => session.refused), 'unknown', 'refused, a day after')
      }),
  },
]
