/** What a token turned out to be. Its values are the application's: mask them before displaying them. */
export interface Decoded {
  readonly kind: DecodedKind
  /** For people: "Express signed cookie". */
  readonly name: string
  /** Whether the client can change or read it. `unknown`: something in it may be a signature. */
  readonly protection: 'none' | 'signed' | 'encrypted' | 'unknown'
  /** Its content: JSON data, an id, or `null` if it is encrypted. */
  readonly content: Json | null
  /** Names in `content` whose values reveal nothing. */
  readonly unread?: readonly string[]
  /** What a signature covers, and the signature itself, to try secrets on. */
  readonly signature?: Signature
  /** The header of a JWT. */
  readonly header?: { readonly [name: string]: Json }
  /** When it was signed, in ms since the epoch, if the format contains that. */
  readonly signedAt?: number
  /** The name of its cookie, if it is known, because some formats sign that too. */
  readonly cookie?: string
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

export type DecodedKind =
  | 'jwt'
  | 'jwe'
  | 'paseto'
  | 'express-signed'
  | 'cookie-session'
  | 'django-signed'
  | 'flask'
  | 'flask-login'
  | 'tornado'
  | 'gorilla'
  | 'phoenix'
  | 'play'
  | 'secure-session'
  | 'rails-signed'
  | 'rails-encrypted'
  | 'laravel'
  | 'iron'
  | 'fernet'
  | 'aspnet-core'
  | 'aspnet-forms'
  | 'php-serialised'
  | 'serialised'
  | 'json'
  | 'joined'
  | 'text'

export interface Signature {
  readonly covered: string
  readonly value: string
}

export function isObject(value: unknown): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function parseJson(text: string): Json | undefined {
  if (!/^\s*[[{"]/.test(text)) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
