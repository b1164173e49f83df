import type { MaybePromise } from '../../core/contracts/store.ts'
import { fromUtf8, toUtf8 } from '../../core/lib/bytes.ts'
import { chain } from '../../core/lib/maybe.ts'
import { toKeys } from '../../core/token/keys.ts'
import { decrypt, encrypt, fromBase64url, hmacSha256, toBase64url } from '../../core/token/mac.ts'
import { macOf } from '../../core/token/token.ts'

/** Texts that only these sessions can write and read: AES-256-GCM, under a key that is derived for one purpose. */
export interface SecretBox {
  close(value: unknown): MaybePromise<string>
  /** `null` if no key of ours wrote the text for this purpose. */
  open(text: string): MaybePromise<unknown>
  /** A name for a text that only the holder of the first key can make, for each key. */
  tagsOf(text: string): readonly string[]
}

/** Longer ones are not ours. */
const MOST_CHARACTERS = 3500
const TAG_CHARACTERS = 22

export function createSecretBox(keys: readonly (string | Uint8Array)[], purpose: string): SecretBox {
  const context = toUtf8(`sojourn new-device ${purpose} v1`)
  const derived = toKeys(keys, 'newDevice: keys').map((key) => hmacSha256(key, context))
  const [newest] = derived as [Uint8Array]

  function tryFrom(sealed: Uint8Array, at: number): MaybePromise<unknown> {
    const key = derived[at]
    if (key === undefined) return null
    return chain(decrypt(key, sealed, context), (plain) =>
      plain === null ? tryFrom(sealed, at + 1) : (JSON.parse(fromUtf8(plain)) as unknown),
    )
  }

  return {
    close: (value) => chain(encrypt(newest, toUtf8(JSON.stringify(value)), context), toBase64url),
    open: (text) => (text.length > MOST_CHARACTERS || !/^[\w-]+$/.test(text) ? null : tryFrom(fromBase64url(text), 0)),
    tagsOf: (text) => derived.map((key) => macOf(key, text).slice(0, TAG_CHARACTERS)),
  }
}
