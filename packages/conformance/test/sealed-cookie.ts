import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { type Carrier, memoryStore, type RequestView, type SessionRecord, type Store } from 'sojourn'

interface Sealed {
  readonly token: string
  readonly record: SessionRecord
}

const NAME = 'sealed'
const KEY = Buffer.alloc(32, 7)

export function seal(content: unknown): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', KEY, iv)
  const text = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')
}

export function unseal(text: string): Sealed | null {
  try {
    const bytes = Buffer.from(text, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', KEY, bytes.subarray(0, 12)).setAuthTag(bytes.subarray(12, 28))
    return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString()) as Sealed
  } catch {
    return null
  }
}

/** The whole record in an encrypted cookie. `open` is replaced to break it. */
export function sealedCookie(open: (text: string) => Sealed | null = unseal): Carrier {
  const stores = new WeakMap<RequestView, { readonly live: () => SessionRecord | undefined }>()
  const presented = (view: RequestView): string | undefined =>
    /(?:^|; )sealed=([^;]{1,8192})/.exec(view.header('cookie') ?? '')?.[1]

  /** What core writes during one request stays in a store of that request. */
  function of(view: RequestView): Store {
    const store = memoryStore()
    const ids = new Set<SessionRecord['id']>()
    const text = presented(view)
    const sealed = text === undefined ? null : open(text)
    const keep = (record: SessionRecord): boolean => {
      ids.add(record.id)
      return store.create(record) as boolean
    }
    if (sealed !== null) keep(sealed.record)
    const live = (): SessionRecord | undefined =>
      [...ids]
        .map((id) => store.read(id))
        .find((kept) => (kept as SessionRecord | null)?.kind === 'live') as SessionRecord
    stores.set(view, { live })
    return { ...store, create: keep }
  }

  const cookie = (value: string) => [{ name: 'set-cookie', value, how: 'append' }] as const
  return {
    name: 'sealed-cookie',
    ambient: true,
    place: `cookie ${NAME}`,
    vary: 'Cookie',
    read(view) {
      const text = presented(view)
      return { values: text === undefined ? [] : [open(text)?.token ?? 'unreadable'], overflow: false }
    },
    records: {
      of,
      lacks: {
        ended: 'A copy of the cookie opens an ended session.',
        'lost-update': 'Parallel requests send whole records.',
        'fresh-token': 'A copy of the cookie holds the token that it had.',
        list: 'No store knows the sessions.',
      },
    },
    write(view, token) {
      const record = stores.get(view)?.live()
      return record === undefined ? [] : cookie(`${NAME}=${seal({ token, record })}; Path=/; Secure; HttpOnly`)
    },
    clear: () => cookie(`${NAME}=; Path=/; Max-Age=0`),
  }
}
