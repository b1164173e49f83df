/** What a token turned out to be. Values are the application's: mask them before they are shown. */
export interface Decoded {
  readonly kind: DecodedKind
  /** For people: "Express signed cookie". */
  readonly name: string
  /** Whether whoever holds it can change it, or read it. `unknown`: something in it may be a signature, or not. */
  readonly protection: 'none' | 'signed' | 'encrypted' | 'unknown'
  /** What lies inside: JSON data, an id, or null where it is encrypted. */
  readonly content: Json | null
  /** Names in `content` of what says nothing. */
  readonly unread?: readonly string[]
  /** What a signature covers and the signature itself, for who tries secrets. */
  readonly signature?: Signature
  /** Header of a JWT. */
  readonly header?: { readonly [name: string]: Json }
  /** When it was signed, in milliseconds, if the format says so. */
  readonly signedAt?: number
  /** Of the cookie it came in, where that is known: some formats sign it too. */
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
