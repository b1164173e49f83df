import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Carrier, cookieCarrier, type RequestView } from 'sojourn'
import { type Adoption, adopt, type OldSession } from 'sojourn/carriers/kit'

/** Another session library: rows in a map, and a signed cookie with the row's id. */
export interface OldLibrary {
  readonly rows: Map<string, OldSession>
  /** What was read and deleted, in order. */
  readonly calls: string[]
  /** Makes the next call of the row store fail. */
  failNext(call: 'load' | 'delete'): void
  /** The value of the cookie for this row. */
  sign(id: string): string
  readonly carrier: Carrier
}

export const OLD_NAME = 'old.sid'

export function createOldLibrary(): OldLibrary {
  const rows = new Map<string, OldSession>()
  const calls: string[] = []
  let failing: string | null = null
  const signatureOf = (id: string): string => createHmac('sha256', 'old secret').update(id).digest('base64url')
  const call = (name: string, id: string): void => {
    calls.push(`${name} ${id}`)
    if (failing !== name) return
    failing = null
    throw new Error('the old database is down')
  }

  function translate(text: string): ReturnType<NonNullable<Carrier['translate']>> {
    const [id = '', signature = '', ...rest] = text.slice(0, 200).split('.')
    const expected = Buffer.from(signatureOf(id))
    const given = Buffer.from(signature)
    if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return 'forged'
    const adoption: Adoption = {
      key: id,
      async load() {
        call('load', id)
        return rows.get(id) ?? 'unknown'
      },
      async adopted() {
        call('delete', id)
        rows.delete(id)
      },
    }
    return adopt(adoption)
  }

  const read = (view: RequestView): string | undefined =>
    new RegExp(`(?:^|; )${OLD_NAME}=([^;]*)`).exec(view.header('cookie') ?? '')?.[1]

  return {
    rows,
    calls,
    failNext(name) {
      failing = name
    },
    sign: (id) => `${id}.${signatureOf(id)}`,
    carrier: {
      name: 'old-cookie',
      ambient: true,
      readOnly: true,
      vary: 'Cookie',
      read: (view) => ({ values: [read(view)].filter((text) => text !== undefined), overflow: false }),
      translate,
      write: () => [],
      clear: () => [{ name: 'set-cookie', value: `${OLD_NAME}=; Path=/; Max-Age=0`, how: 'append' }],
    },
  }
}

export const bothCarriers = ({ carrier }: OldLibrary): readonly Carrier[] => [cookieCarrier(), carrier]
