/**
 * Texts that heads begin with or share. Each is replaced by a control character, which JSON text never contains. Without this, a
 * third of a record consisted of these names (measured: each of 20 000 logins took 128 bytes more). The order is part of the
 * stored format: append only.
 */
const PHRASES: readonly (readonly [short: string, long: string])[] = [
  ['\x01', '{"secret":"'],
  ['\x02', '","secretAt":'],
  ['\x03', '{"authenticatedAt":'],
  ['\x04', ',"device":{"name":"'],
  ['\x05', '","ip":"'],
  ['\x06', '"},"secret":"'],
  ['\x07', ',"secret":"'],
  ['\x08', ',"previous":[{"hash":"'],
  ['\x0e', ',"renewal":{"nonce":"'],
  ['\x0f', '","next":"'],
  ['\x10', '","until":'],
  ['\x11', ',"how":"renewed"}'],
  ['\x12', ',"how":"rotated"}'],
  ['\x13', ',"methods":["'],
  ['\x14', ',"assurance":"'],
  ['\x15', '"sealedKey":"'],
]

/** Replaces the time of the session's beginning, which a new head contains twice. */
const BEGINNING = '\x16'

const LONG = new Map(PHRASES)
const SHORT = new Map(PHRASES.map(([short, long]) => [long, short]))
const ANY_LONG = new RegExp(PHRASES.map(([, long]) => long.replace(/[[{]/g, '\\$&')).join('|'), 'g')
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const ANY_SHORT = /[\x01-\x08\x0e-\x16]/g

export function shorten(head: string, beginning?: number): string {
  const text = beginning === undefined ? head : head.replaceAll(String(beginning), BEGINNING)
  return text.replace(ANY_LONG, (long) => SHORT.get(long) ?? long)
}

export function lengthen(short: string, beginning: number): string {
  return short.replace(ANY_SHORT, (phrase) => LONG.get(phrase) ?? String(beginning))
}
