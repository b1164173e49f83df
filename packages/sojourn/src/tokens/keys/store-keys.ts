import { checkOptions } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { Store } from '../../core/contracts/store.ts'
import { fromUtf8, toUtf8 } from '../../core/lib/bytes.ts'
import { toKeys } from '../../core/token/keys.ts'
import { decrypt, encrypt, fromBase64url, hmacSha256, toBase64url } from '../../core/token/mac.ts'
import { toOnceId, toOwnRecord } from '../../core/token/once.ts'
import { type KeyPlace, type ManagedKeys, type ManagedKeysOptions, managedKeys } from './managed.ts'

export interface StoreKeysOptions extends ManagedKeysOptions {
  /** Secrets of 32 bytes or more, newest first: the keys are encrypted with the first (AES-256-GCM) and decrypted with each. */
  readonly secrets: readonly (string | Uint8Array)[]
  /** Tells several sets of keys in one store apart. Default `'default'`. */
  readonly name?: string | undefined
}

const KINDS = { secrets: 'array', name: 'string', algorithm: 'string', rotateEvery: 'any', clock: 'function' } as const
const LIFE_MS = 10 * 365 * 86_400_000
const KEY = 'keys'

/**
 * Signing keys that all processes share through the session store, made and replaced by themselves. Whoever reads the store, or a
 * copy of it, cannot sign, because the keys are encrypted with your secret.
 *
 * ```ts
 * const keys = storeKeys(store, { secrets: [process.env.TOKEN_SECRET ?? ''] })
 * const tokens = createTokens(sessions, { issuer: 'https://shop.example', keys, audiences: { 'https://api.shop.example': {} } })
 * ```
 *
 * @throws `ERR_OPTION` for an unknown or wrong option, or a store that may lose writes.
 */
export function storeKeys(store: Store, options: StoreKeysOptions): ManagedKeys {
  checkOptions(options, KINDS, 'storeKeys')
  const lost = store.lacks?.['lost-update']
  if (lost !== undefined) throw new SessionError('ERR_OPTION', `storeKeys needs another store: ${lost}`)
  const secrets = toKeys(options.secrets, 'storeKeys: secrets').map((secret) =>
    hmacSha256(secret, toUtf8('sojourn token keys v1')),
  )
  return managedKeys(
    toPlace(store, options.name ?? 'default', secrets, options.clock ?? Date.now),
    options,
    'storeKeys',
  )
}

function toPlace(store: Store, name: string, secrets: readonly Uint8Array[], clock: () => number): KeyPlace {
  const id = toOnceId(`access token keys ${name}`)
  const context = toUtf8(id)
  /** What is stored, as it was read: each encryption of one text differs. */
  let sealed: string | null = null

  return {
    async read() {
      const kept = await (store.readNow?.(id) ?? store.read(id))
      sealed = (kept?.kind === 'live' ? kept.data[KEY] : undefined) ?? null
      return sealed === null ? null : await open(sealed, secrets, context)
    },
    async swap(_, text) {
      const [secret = new Uint8Array()] = secrets
      const next = JSON.stringify(toBase64url(await encrypt(secret, toUtf8(text), context)))
      const now = Math.floor(clock())
      if (sealed === null && (await store.create({ ...toOwnRecord(id, now, now + LIFE_MS), data: { [KEY]: next } })))
        return true
      const { status } = await store.write(id, { set: { [KEY]: next }, expect: { key: KEY, text: sealed } })
      return status === 'written'
    },
  }
}

async function open(sealed: string, secrets: readonly Uint8Array[], context: Uint8Array): Promise<string> {
  const bytes = fromBase64url(sealed.slice(1, -1))
  for (const secret of secrets) {
    const plain = await decrypt(secret, bytes, context)
    if (plain !== null) return fromUtf8(plain)
  }
  throw new SessionError(
    'ERR_OPTION',
    'storeKeys: none of the secrets opens the stored keys. Add the earlier secret to the list.',
  )
}
