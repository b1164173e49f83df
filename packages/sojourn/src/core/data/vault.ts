import { decrypt, encrypt, fromBase64url, hmacSha256, randomBytes, toBase64url } from '#crypto'
import type { Head, SessionRecord } from '../contracts/record.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { fromUtf8, toUtf8 } from '../lib/bytes.ts'
import { chain } from '../lib/maybe.ts'
import type { Standing } from '../token/token.ts'
import { equalText, hashSecret } from '../token/token.ts'
import { define, type Edits, type Texts } from './texts.ts'

/**
 * How data is stored in the record. Plain: unchanged. Sealed: encrypted, names included, under a data key that only the client's
 * secret can unwrap, so that an attacker with the store reads nothing.
 */
export interface Vault {
  /** Returns the stored key of a data key. */
  storedKey(key: string): string
  toStored(key: string, text: string): MaybePromise<string>
  /** Returns JSON text by data key. Omits what cannot be decrypted. */
  fromStored(data: Texts): MaybePromise<Texts>
  /** Returns the data key wrapped for another secret. `undefined` if plain. */
  keyFor(secret: Uint8Array): MaybePromise<string | undefined>
}

export const plainVault: Vault = {
  storedKey: (key) => key,
  toStored: (_, text) => text,
  fromStored: (data) => data,
  keyFor: () => undefined,
}

/** Edits in the form of the store. */
export interface StoredEdits {
  readonly set: Texts
  readonly remove: readonly string[]
}

/** Encrypts the edits if the session is sealed. */
export function toStored(vault: Vault, edits: Edits): MaybePromise<StoredEdits> {
  return vault === plainVault ? split(edits) : seal(vault, edits).then(split)
}

function split(edits: Edits): StoredEdits {
  const set: Record<string, string> = {}
  const remove: string[] = []
  for (const [key, text] of Object.entries(edits)) {
    if (typeof text === 'string') define(set, key, text)
    else remove.push(key)
  }
  return { set, remove }
}

async function seal(vault: Vault, edits: Edits): Promise<Edits> {
  const entries = Object.entries(edits).map(async ([name, text]) => [
    vault.storedKey(name),
    text === null ? null : await vault.toStored(name, text),
  ])
  return Object.fromEntries(await Promise.all(entries))
}

/** Creates a vault with a new data key for a new record. */
export function createVault(id: string): Vault {
  return toVault(id, randomBytes(32))
}

/** Returns the vault of a record, opened with the client's secret. `null` if the secret does not open it. */
export function openVault(record: SessionRecord, secret: Uint8Array, standing: Standing): MaybePromise<Vault | null> {
  const wrapped = wrappedKey(record.head, secret, standing)
  if (wrapped === undefined) return record.head.sealedKey === undefined ? plainVault : null
  const opened = decrypt(wrappingKey(secret), fromBase64url(wrapped), toUtf8(record.id))
  return chain(opened, (dataKey) => (dataKey === null ? null : toVault(record.id, dataKey)))
}

function wrappedKey(head: Head, secret: Uint8Array, standing: Standing): string | undefined {
  if (standing === 'successor') return head.renewal?.sealedKey
  if (standing !== 'grace') return head.sealedKey
  const hash = hashSecret(secret)
  return head.previous?.find((before) => equalText(before.hash, hash))?.sealedKey
}

function toVault(id: string, dataKey: Uint8Array): Vault {
  const context = toUtf8(id)
  // Both are authenticated, so that a ciphertext cannot be moved to another record or another name.
  const contextOf = (storedKey: string): Uint8Array => toUtf8(`${id} ${storedKey}`)
  const storedKey = (key: string): string => `~s${toBase64url(hmacSha256(dataKey, toUtf8(key)).subarray(0, 16))}`

  async function open(stored: string, text: string): Promise<[string, string] | null> {
    const plain = await decrypt(dataKey, fromBase64url(text), contextOf(stored))
    if (plain === null) return null
    const [key, value] = JSON.parse(fromUtf8(plain)) as [string, string]
    return [key, value]
  }

  return {
    storedKey,
    toStored(key, text) {
      const plain = toUtf8(JSON.stringify([key, text]))
      return chain(encrypt(dataKey, plain, contextOf(storedKey(key))), toBase64url)
    },
    async fromStored(data) {
      const opened = await Promise.all(Object.entries(data).map(([stored, text]) => open(stored, text)))
      return Object.fromEntries(opened.filter((entry) => entry !== null))
    },
    keyFor: (secret) => chain(encrypt(wrappingKey(secret), dataKey, context), toBase64url),
  }
}

function wrappingKey(secret: Uint8Array): Uint8Array {
  return hmacSha256(secret, toUtf8('sojourn sealed data v1'))
}
