import type { Client, HeldCookie } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Sent } from './audit.ts'

/** A cookie that an answer gave a client which it let in. */
export interface Gained {
  /** What was presented under this name: nothing, one value, or several. */
  readonly before: readonly string[]
  readonly cookie: HeldCookie
}

/** What an answer made of the cookies that it came with. */
export function gainedBy(client: Client, exchange: Exchange, { cookie }: Sent): Gained[] {
  const presented = cookie === undefined ? client.heldAt(exchange) : pairsOf(cookie)
  return client.cookies().flatMap((held) => {
    const values = presented.filter(({ name }) => name === held.name).map(({ value }) => value)
    return values.includes(held.value) ? [] : [{ before: values, cookie: held }]
  })
}

const pairsOf = (header: string) =>
  header.split('; ').map((pair) => {
    const [name = '', ...value] = pair.split('=')
    return { name, value: value.join('=') }
  })

/**
 * Where ids are renewed with each answer, whoever presents a copy of one uses it up: the client that it was copied from
 * carries on with what came for it. Resolves to what nobody took.
 */
export function handOn(clients: readonly Client[], gained: readonly Gained[]): readonly Gained[] {
  return gained.filter(({ before, cookie }) => {
    const owners = clients.filter((client) =>
      client.cookies().some(({ name, value }) => name === cookie.name && before.includes(value)),
    )
    for (const owner of owners) owner.hold(cookie)
    return owners.length === 0
  })
}
