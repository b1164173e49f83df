import { REDIRECTED } from '../http/create-client.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Audit, Credential, Login, Probe } from './audit.ts'

/** What the client of a login holds now: where ids are renewed, what it was given at the login is old. */
export const heldNow = ({ client, credential }: Login): Credential => ({ ...credential, cookies: client.cookies() })

/** What it held with each of these requests, the newest first; what redirects led to comes after the deed. */
export function copiesWith(login: Login, exchanges: readonly Exchange[]): Credential[] {
  return exchanges
    .filter(({ purpose }) => !purpose.endsWith(REDIRECTED))
    .map((exchange) => ({ ...login.credential, cookies: login.client.heldAt(exchange) }))
    .toReversed()
}

/** Those that differ in what carries the session. */
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
  const names = new Set(audit.carriers.flat())
  const pairs = cookies.filter(({ name }) => names.has(name)).map(({ name, value }) => `${name}=${value}`)
  return [...pairs.toSorted(), ...(bearer === null ? [] : [bearer])].join('; ')
}

/** Presents one copy after another in clean clients, until one is let in; else the first that was answered. */
export async function firstAlive(audit: Audit, name: string, copies: readonly Credential[]): Promise<Probe | null> {
  let first: Probe | null = null
  for (const copy of copies) {
    const probe = await audit.probe(name, copy)
    if (probe.state === 'in') return probe
    first ??= probe
  }
  return first
}
