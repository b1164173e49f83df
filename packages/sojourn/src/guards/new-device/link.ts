import type { SecretBox } from './secret-box.ts'

/** What a link of a mail says. Only we can write and read it. */
export interface LinkFacts {
  /** The session that the user may disown. */
  readonly id: string
  readonly userId: string
  readonly device: string
  /** The client and the country, for the page. */
  readonly client: string
  readonly country: string | null
  /** When the login was, and until when the link counts, ms since the epoch. */
  readonly atMs: number
  readonly untilMs: number
}

export interface Links {
  /** Returns the whole link. */
  create(facts: LinkFacts): Promise<string>
  /** Returns what the link says, `null` if it is not ours. */
  read(url: string): Promise<LinkFacts | null>
}

const PARAMETER = 'k'

/**
 * `origin` comes from the application, never from a request: a client chooses the Host of its request, and the user's link would
 * lead to a page of the attacker.
 */
export function createLinks(box: SecretBox, origin: string, path: string): Links {
  return {
    async create({ id, userId, device, client, country, atMs, untilMs }) {
      const key = await box.close([id, userId, device, client, country, atMs, untilMs])
      return `${origin}${path}?${PARAMETER}=${key}`
    },
    async read(url) {
      const query = url.slice(url.indexOf('?') + 1)
      // A mail program may have added parameters of its own.
      const given = new URLSearchParams(query).getAll(PARAMETER)
      const [key = ''] = given
      return given.length === 1 ? toFacts(await box.open(key)) : null
    },
  }
}

function toFacts(opened: unknown): LinkFacts | null {
  if (!Array.isArray(opened)) return null
  const [id, userId, device, client, country, atMs, untilMs] = opened as readonly unknown[]
  const isWhole =
    [id, userId, device, client, country ?? ''].every((each) => typeof each === 'string') &&
    [atMs, untilMs].every((each) => typeof each === 'number')
  return isWhole ? ({ id, userId, device, client, country, atMs, untilMs } as LinkFacts) : null
}
