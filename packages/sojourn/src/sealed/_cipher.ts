import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { SessionError } from '../core/contracts/errors.ts'
import { toKeys } from '../core/token/keys.ts'

/** Encrypts with the first key, and decrypts with all of them. */
export interface Cipher {
  /** Returns base64url. Spaces are added to the text until its length leaves no spare bits in the last character. */
  seal(plain: string): string
  /** Returns the text, with the spaces, or `null` if none of the keys sealed it for this cookie. */
  open(sealed: string): string | null
}

/**
 * What is sealed: id of the key, salt, nonce, ciphertext, tag. Id and salt are whole characters of base64url, so that a subkey is
 * found by a slice of the text.
 */
const ID_BYTES = 3
const SALT_BYTES = 9
const NONCE_BYTES = 12
const TAG_BYTES = 16
const NAME_BYTES = ID_BYTES + SALT_BYTES
const NAME_CHARACTERS = (NAME_BYTES / 3) * 4
const HEAD_BYTES = NAME_BYTES + NONCE_BYTES
export const OVERHEAD_BYTES: number = HEAD_BYTES + TAG_BYTES

/** The part of a sealed text that differs each time: the characters of the nonce. */
export const NONCE_AT: number = NAME_CHARACTERS

/**
 * A nonce is random, so one AES key may seal at most 2^32 texts (NIST SP 800-38D, section 8.3). Each process seals with subkeys of
 * its own, and takes the next one long before that.
 */
const MOST_SEALS = 2 ** 24
/** Of other processes, and of this one before. */
const MOST_SUBKEYS = 1024

/** `purpose` is authenticated with each text, so a text that was sealed for another cookie does not open here. */
export function createCipher(keys: readonly (string | Uint8Array)[], purpose: string): Cipher {
  const secrets = toKeys(keys, 'sealedSessions: keys')
  const byId = new Map(secrets.map((secret) => [idOf(secret), secret]))
  if (byId.size < secrets.length) throw new SessionError('ERR_OPTION', 'sealedSessions: two keys are the same.')
  const [first = ''] = byId.keys()
  const context = Buffer.from(purpose)
  const subkeys = new Map<string, KeyObject>()
  let own = newSubkey()
  let seals = 0

  function newSubkey(): { readonly name: string; readonly key: KeyObject } {
    const name = first + randomBytes(SALT_BYTES).toString('base64url')
    return { name, key: subkeyOf(name) as KeyObject }
  }

  function subkeyOf(name: string): KeyObject | null {
    const secret = byId.get(name.slice(0, (ID_BYTES / 3) * 4))
    if (secret === undefined) return null
    return createSecretKey(createHmac('sha256', secret).update(`sojourn sealed subkey v1 ${name}`).digest())
  }

  /** Only after a text was opened, so that made-up names do not push out real ones. */
  function remember(name: string, key: KeyObject): void {
    const [oldest = ''] = subkeys.keys()
    if (subkeys.size === MOST_SUBKEYS) subkeys.delete(oldest)
    subkeys.set(name, key)
  }

  return {
    seal(plain) {
      if (seals++ === MOST_SEALS) {
        own = newSubkey()
        seals = 1
      }
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', own.key, nonce).setAAD(context)
      const spaces = '  '.slice((Buffer.byteLength(plain) + OVERHEAD_BYTES + 2) % 3)
      const parts = [nonce, cipher.update(plain + spaces, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return own.name + Buffer.concat(parts).toString('base64url')
    },

    open(sealed) {
      const name = sealed.slice(0, NAME_CHARACTERS)
      const known = subkeys.get(name)
      const key = known ?? subkeyOf(name)
      if (key === null) return null
      const bytes = Buffer.from(sealed, 'base64url')
      const end = bytes.length - TAG_BYTES
      // One spelling: what Node skips or takes for another character makes it shorter, or is one of these two.
      const isExact = bytes.length * 4 === sealed.length * 3 && !sealed.includes('+') && !sealed.includes('/')
      if (!isExact || end < HEAD_BYTES) return null
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(NAME_BYTES, HEAD_BYTES))
      decipher.setAAD(context).setAuthTag(bytes.subarray(end))
      const plain = decipher.update(bytes.subarray(HEAD_BYTES, end))
      try {
        decipher.final()
      } catch {
        return null
      }
      if (known === undefined) remember(name, key)
      return plain.toString()
    },
  }
}

function idOf(secret: Uint8Array): string {
  return createHmac('sha256', secret).update('sojourn sealed key id v1').digest().toString('base64url', 0, ID_BYTES)
}
