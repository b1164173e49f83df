import { assert, assertEqual } from '../assert.ts'
import type { Case } from '../case.ts'
import type { CarrierClient, CarrierContext } from './context.ts'
import { createQuietCarrier, FOR_A_DAY, LIVES, OTHER_TOKEN, SIGNED_TOKEN, TOKEN, UNTIL_CLOSED } from './tokens.ts'

export const roundTripCases: readonly Case<CarrierContext>[] = [
  {
    name: 'a client that received no token presents none',
    async run(ctx) {
      const { client, presented } = begin(ctx)
      assertEqual(presented(), [], 'what a new client presents')
      client.receive([])
      assertEqual(presented(), [], 'what it presents after a response that hands it nothing')
    },
  },
  {
    name: 'a client presents the token that it received, and no other',
    async run(ctx) {
      for (const token of [TOKEN, SIGNED_TOKEN]) {
        for (const life of LIVES) {
          const { carrier, client, presented } = begin(ctx)
          client.receive(carrier.write(client.request(), token, life))
          assertEqual(presented(), [token], `what it presents, after a token of ${token.length} characters`)
        }
      }
    },
  },
  {
    name: 'a client presents its token in every further request',
    async run(ctx) {
      const { carrier, client, presented } = begin(ctx)
      client.receive(carrier.write(client.request(), TOKEN, UNTIL_CLOSED))
      for (const nth of ['first', 'second', 'third']) {
        assertEqual(presented(), [TOKEN], `what its ${nth} request presents`)
        client.receive([])
      }
    },
  },
  {
    name: 'a new token replaces the previous one, whatever the lifetimes of both',
    async run(ctx) {
      for (const [before, after] of [
        [UNTIL_CLOSED, FOR_A_DAY],
        [FOR_A_DAY, UNTIL_CLOSED],
      ] as const) {
        const { carrier, client, presented } = begin(ctx)
        client.receive(carrier.write(client.request(), TOKEN, before))
        client.receive(carrier.write(client.request(), OTHER_TOKEN, after))
        assertEqual(presented(), [OTHER_TOKEN], 'what it presents')
      }
    },
  },
  {
    name: 'clear makes the client delete its token',
    guarantee: '1 Ended is ended',
    async run(ctx) {
      for (const life of LIVES) {
        const { carrier, client, presented } = begin(ctx)
        client.receive(carrier.write(client.request(), TOKEN, life))
        client.receive(carrier.clear(client.request()))
        assertEqual(presented(), [], 'what it presents after clear')
        client.receive(carrier.clear(client.request()))
        assertEqual(presented(), [], 'what it presents after a second clear')
        client.receive(carrier.write(client.request(), OTHER_TOKEN, life))
        assertEqual(presented(), [OTHER_TOKEN], 'what it presents when it was handed another')
      }
    },
  },
  {
    name: 'clearDuplicates keeps the token that write handed out',
    async run(ctx) {
      const { carrier, client, presented } = begin(ctx)
      client.receive(carrier.write(client.request(), TOKEN, UNTIL_CLOSED))
      client.receive(carrier.clearDuplicates?.(client.request()) ?? [])
      assertEqual(presented(), [TOKEN], 'what it presents after clearDuplicates')
      client.receive([
        ...(carrier.clearDuplicates?.(client.request()) ?? []),
        ...carrier.write(client.request(), OTHER_TOKEN, UNTIL_CLOSED),
      ])
      assertEqual(presented(), [OTHER_TOKEN], 'what it presents after both on one response')
    },
  },
  {
    name: 'two clients do not affect each other',
    guarantee: '3 Strict',
    async run(ctx) {
      const carrier = createQuietCarrier(ctx)
      const [one, other] = [ctx.createClient(), ctx.createClient()]
      one.receive(carrier.write(one.request(), TOKEN, UNTIL_CLOSED))
      assertEqual(carrier.read(other.request()).values, [], 'what the other client presents')
      other.receive(carrier.clear(other.request()))
      assertEqual(carrier.read(one.request()).values, [TOKEN], 'what the first presents after the other was cleared')
    },
  },
]

interface Begun {
  readonly carrier: ReturnType<typeof createQuietCarrier>
  readonly client: CarrierClient
  presented(): readonly string[]
}

function begin(ctx: CarrierContext): Begun {
  const carrier = createQuietCarrier(ctx)
  const client = ctx.createClient()
  return {
    carrier,
    client,
    presented() {
      const { values, overflow } = carrier.read(client.request())
      assert(!overflow, 'a client that was handed one token at most makes the carrier report an overflow')
      return values
    },
  }
}
