import { createHash, createHmac, randomBytes } from 'node:crypto'

/** Ids that can be computed, or guessed. Each call gives a fresh generator. */

export function counter(): () => string {
  let next = 4_711_000
  return () => String(next++).padStart(16, '0')
}

/** The time in µs, in hex: no two the same, and all of them known. */
export function clock(): () => string {
  let last = 0
  return () => {
    last = Math.max(last + 1, Math.round((performance.timeOrigin + performance.now()) * 1000))
    return last.toString(16).padStart(16, '0')
  }
}

/** The low half of a Lehmer generator, as old C libraries have it. From a fixed seed: eight digits may by chance be a time. */
export function lehmer(): () => string {
  let state = 20_240_917
  return () => {
    state = Number((BigInt(state) * 48_271n) % 2_147_483_647n)
    return state.toString(16).padStart(8, '0')
  }
}

export const mathRandom = (): (() => string) => () => Math.random().toString(36).slice(2)

/** 28 bits of the best generator there is: too few, and enough that no two clients of a test get the same. */
export const tooShort = (): (() => string) => () => (randomBytes(4).readUInt32BE() >>> 4).toString(16).padStart(7, '0')

export function hashedCounter(): () => string {
  let next = 4_711
  return () => createHash('md5').update(String(next++)).digest('hex')
}

/** As `cookie-signature` has it: `s:id.signature`. */
export const signs = (secret: string) => {
  const mac = (id: string) => createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
  return {
    wrap: (id: string): string => `s:${id}.${mac(id)}`,
    unwrap: (value: string): string | null => {
      const at = value.lastIndexOf('.')
      const id = value.slice(2, Math.max(at, 2))
      return value.startsWith('s:') && value === `s:${id}.${mac(id)}` ? id : null
    },
  }
}

/** The id in a JWT. `none`: tokens without a signature are taken too. */
export const asJwt = (secret: string, takes: 'signed' | 'none' = 'signed') => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const mac = (text: string) => createHmac('sha256', secret).update(text).digest('base64url')
  const parse = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>
  return {
    wrap: (id: string): string => {
      const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sid: id })}`
      return `${text}.${mac(text)}`
    },
    unwrap: (value: string): string | null => {
      const [head = '', body = '', signature = ''] = value.split('.')
      try {
        const isNone = takes === 'none' && String(parse(head).alg).toLowerCase() === 'none'
        return isNone || signature === mac(`${head}.${body}`) ? String(parse(body).sid) : null
      } catch {
        return null
      }
    },
  }
}

/** `made` contains the requested number of random bytes. */
export const randomIds = {
  'base64url of 24 bytes': () => randomBytes(24).toString('base64url'),
  'the time beside 128 bits': () => `${Date.now().toString(36)}-${randomBytes(16).toString('hex')}`,
  'a name beside 128 bits': () => `alice.${randomBytes(16).toString('hex')}`,
} as const

/** A UUID of version 1: the time, a count and an address. */
export function uuid1(): () => string {
  const node = randomBytes(6).toString('hex')
  let ticks = BigInt(Date.now()) * 10_000n + 122_192_928_000_000_000n
  return () => {
    ticks += BigInt(1 + (randomBytes(1)[0] ?? 0))
    const time = ticks.toString(16).padStart(15, '0')
    return `${time.slice(7)}-${time.slice(3, 7)}-1${time.slice(0, 3)}-9a4b-${node}`
  }
}
