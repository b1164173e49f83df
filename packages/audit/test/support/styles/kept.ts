import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Ask } from '../web.ts'
import type { Carried, Held } from './site.ts'

export interface OnServer {
  readonly name: string
  readonly makeId: () => string
  readonly attributes: string
  readonly keepsId?: boolean
  readonly adopts?: boolean
  /** Logout takes the cookie away, and leaves the session. */
  readonly forgetsOnly?: boolean
  /** Visitors are given an id. */
  readonly visitors?: boolean
  /** Where else the id may come from. */
  readonly idOf?: (ask: Ask) => string | undefined
  /** The cookie is set with each answer, as `wrap` writes it then. */
  readonly always?: boolean
  readonly wrap?: (id: string) => string
  readonly unwrap?: (value: string) => string | null
}

/** Sessions in the server's memory, under an id. */
export function onServer(how: OnServer): Carried & { idFor(ask: Ask): string | undefined } {
  const sessions = new Map<string, Held>()
  /** The session that a request without one received. */
  const given = new WeakMap<Ask, string>()
  const { name, attributes, wrap = (id) => id, unwrap = (value) => value } = how
  const line = (id: string) => `${name}=${wrap(id)}; ${attributes}`
  const idOf = (ask: Ask) => {
    const value = ask.cookies.get(name) ?? how.idOf?.(ask)
    return value === undefined ? undefined : (unwrap(value) ?? undefined)
  }

  function save(held: Held, ask: Ask, why: Parameters<Carried['save']>[2]): string[] {
    const sent = idOf(ask)
    const old = sent !== undefined && (sessions.has(sent) || how.adopts) ? sent : undefined
    if (why === 'end') {
      if (old !== undefined && !how.forgetsOnly) sessions.delete(old)
      return [`${name}=deleted; Max-Age=0; ${attributes}`]
    }
    if (why === 'begin' && how.visitors === false) return []
    const isNew = why === 'begin' || (why === 'renew' && !(how.keepsId && old !== undefined))
    const id = old === undefined || (isNew && !how.adopts) ? (given.get(ask) ?? how.makeId()) : old
    if (isNew && old !== undefined && old !== id) sessions.delete(old)
    sessions.set(id, held)
    return isNew || how.always ? [line(id)] : []
  }

  return {
    open: (ask) => sessions.get(idOf(ask) ?? '') ?? null,
    save,
    idFor(ask) {
      const known = idOf(ask)
      if (known !== undefined && sessions.has(known)) return known
      if (!given.has(ask)) given.set(ask, how.makeId())
      return given.get(ask)
    },
  }
}

/** AES-256-GCM under a key of this process. */
export function sealed(): {
  seal(value: unknown): Buffer
  open(decode: (text: string) => Buffer, text: string): unknown
} {
  const key = randomBytes(32)
  return {
    seal(value) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      const text = Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), text])
    },
    open(decode, text) {
      try {
        const bytes = decode(text)
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
        decipher.setAuthTag(bytes.subarray(12, 28))
        return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString())
      } catch {
        return null
      }
    },
  }
}

export interface InCookie {
  /** Names of the parts, in order; one, or as many as the value is cut into. */
  readonly names: readonly string[]
  readonly attributes: string
  /** Before the parts, as ASP.NET Core says how many there are. */
  readonly head?: readonly [name: string, value: string]
  readonly encode: (bytes: Buffer) => string
  readonly decode: (text: string) => Buffer
  /** Room for what the application puts in beside. */
  readonly padding?: number
  /** The server remembers which were logged out. */
  readonly revokes?: boolean
  readonly visitors?: boolean
  readonly always?: boolean
}

/** Everything in the cookie, encrypted; the server keeps nothing, but perhaps what was ended. */
export function inCookie(how: InCookie): Carried {
  const { seal, open } = sealed()
  const revoked = new Set<string>()
  const { names, head, attributes } = how
  type Ticket = Held & { readonly id: string; readonly padding: string }

  function read({ cookies }: Ask): Ticket | null {
    if (head !== undefined && cookies.get(head[0]) !== head[1]) return null
    const text = names.map((name) => cookies.get(name) ?? '').join('')
    const ticket = text === '' ? null : (open(how.decode, text) as Ticket | null)
    return ticket === null || revoked.has(ticket.id) ? null : ticket
  }

  function write(held: Held, id: string): string[] {
    const text = how.encode(seal({ ...held, id, padding: 'x'.repeat(how.padding ?? 0) }))
    const size = Math.ceil(text.length / names.length)
    const parts = names.map((name, i) => `${name}=${text.slice(i * size, (i + 1) * size)}; ${attributes}`)
    return head === undefined ? parts : [`${head[0]}=${head[1]}; ${attributes}`, ...parts]
  }

  return {
    open: read,
    save(held, ask, why) {
      const ticket = read(ask)
      if (why === 'end') {
        if (how.revokes && ticket !== null) revoked.add(ticket.id)
        return [...(head === undefined ? [] : [head[0]]), ...names].map((name) => `${name}=; Max-Age=0; ${attributes}`)
      }
      if (why === 'begin' && how.visitors === false) return []
      if (why === 'renew' && how.revokes && ticket !== null) revoked.add(ticket.id)
      if (why === 'keep' && !how.always) return []
      return write(held, why === 'keep' && ticket !== null ? ticket.id : randomBytes(16).toString('hex'))
    },
  }
}
