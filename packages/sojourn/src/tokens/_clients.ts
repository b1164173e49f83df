import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import { toUtf8 } from '../core/lib/bytes.ts'
import { equalText, hashSecret } from '../core/token/token.ts'
import type { Tokens } from './tokens.ts'

/** A client that may use the endpoints. */
export interface TokenClient {
  /** Its `client_id`. */
  readonly id: string
  /** Its secret of at least 32 characters, or several while it is being replaced. Without one it is public: an app or a page. */
  readonly secret?: string | readonly string[] | undefined
  /** The service for which it may introspect tokens. It needs a secret. Default: none. */
  readonly introspects?: string | undefined
}

/** A client as the endpoints know it. */
export interface Known {
  readonly id: string
  readonly hashes: readonly string[]
  readonly introspects: string | null
}

/** The parameters of a request. */
export type Form = ReadonlyMap<string, string>

const CLIENT = { id: 'string', secret: 'any', introspects: 'string' } as const
const MIN_SECRET = 32

export function toClients(tokens: Tokens, clients: readonly TokenClient[]): ReadonlyMap<string, Known> {
  const all = (Array.isArray(clients) ? clients : []).map((client: TokenClient, index): Known => {
    const where = `tokenEndpoints: clients[${index}]`
    checkOptions(client, CLIENT, where)
    const { id, secret, introspects = null } = client
    const secrets = secret === undefined ? [] : typeof secret === 'string' ? [secret] : secret
    const areLong = secrets.every((each) => typeof each === 'string' && each.length >= MIN_SECRET)
    const isService = introspects === null || (secrets.length > 0 && tokens.audiences.includes(introspects))
    if (!id || !areLong || (secret !== undefined && secrets.length === 0) || !isService) {
      throw new SessionError(
        'ERR_OPTION',
        `${where} needs an id; a secret has at least ${MIN_SECRET} characters; introspects needs a secret and names an audience.`,
      )
    }
    return { id, hashes: secrets.map((each) => hashSecret(toUtf8(each))), introspects }
  })
  if (all.length === 0 || new Set(all.map(({ id }) => id)).size < all.length) {
    throw new SessionError('ERR_OPTION', 'tokenEndpoints: clients needs at least one, and no id twice.')
  }
  return new Map(all.map((client) => [client.id, client]))
}

/** RFC 6749, 2.3.1. A client with a secret must send it, in exactly one way. */
export function toClient(request: Request, form: Form, clients: ReadonlyMap<string, Known>): Known | null {
  const header = request.headers.get('authorization')
  const basic = header === null ? null : fromBasic(header)
  if (header !== null && (basic === null || form.has('client_secret'))) return null
  const id = basic?.id ?? form.get('client_id') ?? ''
  if (form.has('client_id') && form.get('client_id') !== id) return null
  const client = clients.get(id)
  if (client === undefined) return null
  const secret = basic?.secret ?? form.get('client_secret')
  if (client.hashes.length === 0) return secret === undefined || secret === '' ? client : null
  if (secret === undefined) return null
  const hash = hashSecret(toUtf8(secret))
  return client.hashes.map((each) => equalText(each, hash)).includes(true) ? client : null
}

function fromBasic(header: string): { readonly id: string; readonly secret: string } | null {
  const [, encoded] = /^basic ([a-z\d+/]+={0,2})$/i.exec(header) ?? []
  try {
    const [, id = '', secret = ''] = /^([^:]*):(.*)$/s.exec(atob(encoded ?? '')) ?? []
    const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
    return id === '' ? null : { id: decode(id), secret: decode(secret) }
  } catch {
    return null
  }
}
