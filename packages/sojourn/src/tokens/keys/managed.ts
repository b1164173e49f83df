import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import { nextTry } from '../../core/lib/turns.ts'
import { type Jose, loadJose } from '../../guards/_jose.ts'
import { ALGORITHMS, type TokenAlgorithm, type TokenKey, type TokenKeySource } from './keys.ts'

/** Options of keys that are made and replaced by themselves. */
export interface ManagedKeysOptions {
  /** Default `'ES256'`. Keys of another one stay until they are replaced. */
  readonly algorithm?: TokenAlgorithm | undefined
  /** How long one key signs. At least a day. Default `'30d'`. */
  readonly rotateEvery?: Duration | undefined
  /** Returns milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: (() => number) | undefined
}

/** Keys that are made and replaced by themselves. */
export interface ManagedKeys extends TokenKeySource {
  /**
   * Makes a new key. With `compromised`, it signs at once and all others are removed: what they signed is refused as soon as
   * verifiers read the keys again, at most ten minutes later. Else it is published an hour before it signs, as usual.
   */
  rotate(options?: { readonly compromised?: boolean }): Promise<void>
}

/** A place that keeps one text. `swap` replaces it only if it is still `from`. */
export interface KeyPlace {
  read(): Promise<string | null>
  swap(from: string | null, to: string): Promise<boolean>
}

interface Kept {
  readonly key: TokenKey
  /** When it was made, and from when it signs, ms since the epoch. */
  readonly madeAt: number
  readonly signsFrom: number
}

/** A key is published this long before it signs: longer than anybody may keep the keys. */
const PUBLISH_MS = 3_600_000
/** A key stays published after the next one signs: longer than a token lives. */
const KEEP_MS = 2 * 3_600_000
const READ_AGAIN_MS = 60_000
const DAY_MS = 86_400_000

/** Several processes use one place: the swap lets one of them replace the keys. */
export function managedKeys(place: KeyPlace, options: ManagedKeysOptions, caller: string): ManagedKeys {
  const { algorithm = 'ES256', clock = Date.now } = options
  const everyMs = toMs(options.rotateEvery ?? '30d', `${caller}: rotateEvery`)
  if (!ALGORITHMS.includes(algorithm) || everyMs < DAY_MS) {
    throw new SessionError(
      'ERR_OPTION',
      `${caller}: algorithm is one of ${ALGORITHMS.join(', ')}, and rotateEvery at least a day.`,
    )
  }
  let known: readonly TokenKey[] = []
  let ids = ''
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | null = null

  async function change(edit: (kept: readonly Kept[]) => Promise<readonly Kept[]>): Promise<void> {
    for (let tries = 0; ; tries = nextTry(tries)) {
      const text = await place.read()
      const kept = parse(text, caller)
      const next = await edit(kept)
      if (next !== kept && !(await place.swap(text, JSON.stringify(next)))) continue
      learn(next)
      return
    }
  }

  function learn(kept: readonly Kept[]): void {
    const now = clock()
    const signer = signerOf(kept, now)
    const keys = [signer, ...kept.filter((one) => one !== signer)].map(({ key }) => key)
    // The same list as long as nothing changes, so that keys are imported once.
    const named = keys.map(({ kid }) => kid).join()
    if (named !== ids) known = keys
    ids = named
    readAt = now
  }

  const keep = (): Promise<void> =>
    change(async (kept) => {
      const now = clock()
      const used = kept.filter((_, index) => {
        const next = kept[index + 1]
        return next === undefined || now < next.signsFrom + KEEP_MS
      })
      const newest = kept.at(-1)
      const isDue = newest === undefined || now >= newest.signsFrom + everyMs - PUBLISH_MS
      if (!isDue) return used.length === kept.length ? kept : used
      return [...used, await make(newest === undefined ? now : now + PUBLISH_MS)]
    })

  async function make(signsFrom: number): Promise<Kept> {
    return { key: await generate(algorithm, caller), madeAt: clock(), signsFrom }
  }

  return {
    async read() {
      const ageMs = clock() - readAt
      if (known.length > 0 && ageMs >= 0 && ageMs < READ_AGAIN_MS) return known
      reading ??= keep().finally(() => {
        reading = null
      })
      try {
        await reading
      } catch (error) {
        // Keys that are known go on, until the place can be read.
        if (known.length === 0) throw error
      }
      return known
    },
    rotate: ({ compromised = false } = {}) =>
      change(async (kept) => {
        const now = clock()
        if (compromised || kept.length === 0) return [await make(now)]
        return [...kept, await make(now + PUBLISH_MS)]
      }),
  }
}

/** The newest one whose time has come. */
function signerOf(kept: readonly Kept[], now: number): Kept {
  const signer = kept.filter(({ signsFrom }) => signsFrom <= now).at(-1) ?? kept[0]
  if (signer === undefined) throw new SessionError('ERR_STORE', 'There are no keys for access tokens.')
  return signer
}

function parse(text: string | null, caller: string): readonly Kept[] {
  if (text === null) return []
  try {
    const kept: unknown = JSON.parse(text)
    if (Array.isArray(kept) && kept.every((one) => typeof one?.key?.kid === 'string' && Number.isFinite(one.signsFrom)))
      return kept
  } catch {
    // Told below, without the text.
  }
  throw new SessionError('ERR_STORE', `${caller}: what is stored are not keys.`)
}

async function generate(algorithm: TokenAlgorithm, caller: string): Promise<TokenKey> {
  const jose: Jose = await loadJose(caller)
  const curve = algorithm === 'EdDSA' ? { crv: 'Ed25519' } : {}
  const { privateKey } = await jose.generateKeyPair(algorithm, { extractable: true, ...curve })
  const key = await jose.exportJWK(privateKey)
  return { ...key, alg: algorithm, kid: await jose.calculateJwkThumbprint(key) }
}
