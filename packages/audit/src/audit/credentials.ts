import type { Client, Credential, HeldCookie } from '../http/client.ts'
import { REDIRECTED } from '../http/create-client.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Audit, Login, Probe, Sent } from './audit.ts'

/** The credential that the client of a login holds now. If ids are renewed, the values from the login are outdated. */
export const heldNow = ({ client, credential }: Login): Credential => ({ ...credential, cookies: client.cookies() })

/** The credentials that the client held at each of these requests, the newest first. Requests after a redirect come last. */
export function copiesWith(login: Login, exchanges: readonly Exchange[]): Credential[] {
  return exchanges
    .filter(({ purpose }) => !purpose.endsWith(REDIRECTED))
    .map((exchange) => ({ ...login.credential, cookies: login.client.heldAt(exchange) }))
    .toReversed()
}

/** The credentials that differ in what carries the session. */
export function distinct(audit: Audit, credentials: readonly Credential[]): Credential[] {
  const seen = new Set<string>()
  return credentials.filter((credential) => {
    const key = carriedBy(audit, credential)
    if (key === '' || seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** The values that carry the session, as one text. */
export function carriedBy(audit: Audit, { cookies, bearer }: Credential): string {
  const names = new Set(audit.app.carriers.flat())
  const pairs = cookies.filter(({ name }) => names.has(name)).map(({ name, value }) => `${name}=${value}`)
  return [...pairs.toSorted(), ...(bearer === null ? [] : [bearer])].join('; ')
}

/**
 * Presents one copy after another in clean clients until one is accepted. Otherwise returns one that got no answer, or the first.
 */
export async function firstAlive(audit: Audit, name: string, copies: readonly Credential[]): Promise<Probe | null> {
  let first: Probe | null = null
  for (const copy of copies) {
    const probe = await audit.ask.with(name, copy)
    if (probe.state === 'in') return probe
    if (first === null || probe.state === 'unknown') first = probe
  }
  return first
}

/** A cookie that the application gave to a client that it accepted. */
export interface Gained {
  /** The values presented under this name: none, one, or several. */
  readonly before: readonly string[]
  readonly cookie: HeldCookie
}

/** Returns the cookies that an answer changed. */
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
 * If each answer renews the id, presenting a copy uses it up, so the client that it was copied from gets the new value. Returns
 * the values that no client took.
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
