import type { Carrier, Token, TokenLife } from 'sojourn'
import type { CarrierContext } from './context.ts'

/** Made up, with the length and the alphabet of real tokens: 54 characters, 64 with `keys`. */
export const TOKEN: Token = toToken('0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop')
export const OTHER_TOKEN: Token = toToken('zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA_-')
export const SIGNED_TOKEN: Token = toToken(`${TOKEN}qrstuvwxyz`)

export const UNTIL_CLOSED: TokenLife = { maxAgeSeconds: null }
export const FOR_A_DAY: TokenLife = { maxAgeSeconds: 86_400 }
export const LIVES: readonly TokenLife[] = [UNTIL_CLOSED, FOR_A_DAY]

export function toToken(text: string): Token {
  return text as Token
}

/** A carrier whose warnings are ignored. */
export function createQuietCarrier(ctx: CarrierContext): Carrier {
  return ctx.createCarrier({ warn: () => {} })
}
