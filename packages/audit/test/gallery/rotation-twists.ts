import { createHmac, randomBytes } from 'node:crypto'
import { newId } from '../support/web.ts'
import type { Twist } from './twists.ts'

export interface Renewal {
  readonly cookie?: string
  /** How long an id stays valid after its renewal; `Infinity`: forever. */
  readonly graceMs?: number
  /** `newest`: older ids open the session still. */
  readonly logout?: 'session' | 'newest'
  /** A reused old id ends the session. */
  readonly noticesReuse?: boolean
  /** A second cookie with which nothing is renewed. */
  readonly unlessHeld?: string
}

interface Held {
  readonly inner: string
  renewedAt: number | null
}

const line = (name: string, value: string) => `${name}=${value}; Path=/; HttpOnly; SameSite=Lax`

/** A new id with each answer to who holds one. */
export function renews(renewal: Renewal = {}): Twist {
  const { cookie = 'sid', graceMs = 0, logout = 'session', noticesReuse = false, unlessHeld } = renewal
  const outer = new Map<string, Held>()
  const isOver = ({ renewedAt }: Held) =>
    renewedAt !== null && (graceMs === 0 || performance.now() - renewedAt > graceMs)

  function open(shown: string): Held | null {
    const held = outer.get(shown)
    if (held === undefined || !isOver(held)) return held ?? null
    if (noticesReuse) for (const [id, { inner }] of outer) if (inner === held.inner) outer.delete(id)
    return null
  }

  const give = (inner: string) => {
    const id = newId()
    outer.set(id, { inner, renewedAt: null })
    return line(cookie, id)
  }

  return (app) => async (ask) => {
    const shown = ask.cookies.get(cookie) ?? ''
    const held = open(shown)
    if (held !== null && logout === 'newest' && ask.path === '/logout') {
      outer.delete(shown)
      return { to: '/', cookies: [`${cookie}=; Path=/; Max-Age=0`] }
    }
    const others = [...ask.cookies].filter(([name]) => name !== cookie)
    const reply = await app({ ...ask, cookies: new Map(held === null ? others : [...others, [cookie, held.inner]]) })
    const own = (set: string) => set.startsWith(`${cookie}=`)
    const set = reply.cookies?.find(own)
    const rest = reply.cookies?.filter((other) => !own(other)) ?? []
    if (set?.includes('Max-Age=0')) return reply
    const [, fresh] = /=([^;]+)/.exec(set ?? '') ?? []
    if (fresh !== undefined) return { ...reply, cookies: [...rest, give(fresh)] }
    if (held === null || (unlessHeld !== undefined && ask.cookies.has(unlessHeld))) return reply
    held.renewedAt ??= performance.now()
    return { ...reply, cookies: [...rest, give(held.inner)] }
  }
}

const plain = (inner: string, at: number) => `${inner}.${at.toString(36)}`

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** As a JWT, which says when it ends. */
export const asJwt = (inner: string, at: number): string =>
  `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sid: inner, iat: at, exp: at + 900 })}`

/** The id in a signed value with the time in it, made anew with each answer: no copy is ever old. */
export function signsAnew(stepMs: number, textOf = plain): Twist {
  const key = randomBytes(32)
  const sign = (text: string) => createHmac('sha256', key).update(text).digest('base64url')
  const wrap = (inner: string) => {
    const text = textOf(inner, Math.floor(Date.now() / stepMs))
    return line('sid', `${text}.${sign(text)}`)
  }
  const unwrap = (value: string) => {
    const at = value.lastIndexOf('.')
    if (value.slice(at + 1) !== sign(value.slice(0, at))) return null
    const [first = '', payload = ''] = value.split('.')
    return textOf === plain ? first : JSON.parse(Buffer.from(payload, 'base64url').toString()).sid
  }
  return (app) => async (ask) => {
    const inner = unwrap(ask.cookies.get('sid') ?? '')
    const others = [...ask.cookies].filter(([name]) => name !== 'sid')
    const reply = await app({ ...ask, cookies: new Map(inner === null ? others : [...others, ['sid', inner]]) })
    const [set] = reply.cookies ?? []
    if (set?.includes('Max-Age=0')) return reply
    const [, fresh] = /^sid=([^;]+)/.exec(set ?? '') ?? []
    const held = fresh ?? inner
    return held === null ? reply : { ...reply, cookies: [wrap(held)] }
  }
}

/** Sets the same cookie again with each answer. */
export const setsAgain: Twist = (app) => async (ask) => {
  const reply = await app(ask)
  const sid = ask.cookies.get('sid')
  return sid === undefined || reply.cookies !== undefined ? reply : { ...reply, cookies: [line('sid', sid)] }
}
