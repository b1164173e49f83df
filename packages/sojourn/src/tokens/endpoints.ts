/**
 * The endpoints of access tokens, as fetch handlers: refresh, revocation, introspection, keys, metadata, and the list of ends.
 * @module sojourn/tokens/endpoints
 */
import type { RequestView } from '../core/contracts/carrier.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import { hasType, readText } from '../signals/_http.ts'
import type { AccessToken } from './_claims.ts'
import { type Form, type Known, type TokenClient, toClient, toClients } from './_clients.ts'
import type { Tokens } from './tokens.ts'

export type { TokenClient } from './_clients.ts'

export interface TokenEndpointsOptions {
  /** Who may ask. */
  readonly clients: readonly TokenClient[]
  /** The origins whose pages may refresh and revoke: `https://app.example`. Default: none. */
  readonly origins?: readonly string[] | undefined
  /** Where refresh, revocation and introspection are: `/oauth/token` and so on. Default `'/oauth'`. */
  readonly path?: string | undefined
  /** The client's address, for guards. Default: unknown. */
  readonly peerOf?: ((request: Request) => string | null) | undefined
}

/** The result of `tokenEndpoints`. */
export interface TokenEndpoints {
  /** Answers a request, `404` for a path that is none of its. */
  handler(request: Request): Promise<Response>
}

const KINDS = { clients: 'array', origins: 'array', path: 'string', peerOf: 'function' } as const
const MAX_BODY = 16_384

type Handler = (form: Form, client: Known, request: Request) => Promise<Response>

/**
 * The endpoints for clients that speak OAuth: `oauth4webapi`, `openid-client`, gateways. Mount the handler at the root, before body
 * parsers.
 *
 * | path | what |
 * |---|---|
 * | `POST /oauth/token` | refresh (RFC 6749, section 6) |
 * | `POST /oauth/revoke` | revocation (RFC 7009) |
 * | `POST /oauth/introspect` | introspection (RFC 7662) |
 * | `GET /.well-known/jwks.json` | the public keys |
 * | `GET /.well-known/session-ends` | the list of ends, for `createVerifier` |
 * | `GET /.well-known/oauth-authorization-server` | metadata (RFC 8414) |
 *
 * ```ts
 * const { handler } = tokenEndpoints(tokens, { clients: [{ id: 'ios' }], origins: ['https://app.example'] })
 * app.use(toNodeHandler(handler))
 * ```
 *
 * @throws `ERR_OPTION` for an unknown or wrong option.
 */
export function tokenEndpoints(tokens: Tokens, options: TokenEndpointsOptions): TokenEndpoints {
  checkOptions(options, KINDS, 'tokenEndpoints')
  const { origins = [], path = '/oauth', peerOf = () => null } = options
  if (!/^(?:\/[\w.-]+)+$/.test(path))
    throw new SessionError('ERR_OPTION', 'tokenEndpoints: path must be such as "/oauth".')
  const clients = toClients(tokens, options.clients)
  const metadata = metadataOf(tokens.issuer, path)
  const metadataPath = METADATA_PATH + metadataSuffix(tokens.issuer)

  const posts: Readonly<Record<string, Handler>> = {
    [`${path}/token`]: async (form, client, request) => {
      if (form.get('grant_type') !== 'refresh_token') {
        return fail(form.has('grant_type') ? 'unsupported_grant_type' : 'invalid_request')
      }
      const refreshToken = form.get('refresh_token')
      if (refreshToken === undefined) return fail('invalid_request')
      const refreshed = await tokens.refresh(refreshToken, {
        clientId: client.id,
        audience: form.get('resource') ?? form.get('audience'),
        scope: form.get('scope'),
        view: toView(request, peerOf(request)),
      })
      if (refreshed.refusal !== null) return fail(ERRORS[refreshed.refusal] ?? 'invalid_grant')
      const { accessToken, expiresAt, issuedAt, scopes, refreshToken: next } = refreshed
      return json({
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: Math.max(0, Math.floor((expiresAt.getTime() - issuedAt.getTime()) / 1000)),
        ...(next !== null && { refresh_token: next }),
        scope: scopes.join(' '),
      })
    },
    [`${path}/revoke`]: async (form, client) => {
      const token = form.get('token')
      if (token === undefined) return fail('invalid_request')
      // The answer does not tell whether there was such a token (RFC 7009, 2.2).
      await tokens.revoke(token, { clientId: client.id })
      return new Response(null, { headers: NO_STORE })
    },
    [`${path}/introspect`]: async (form, client) => {
      const token = form.get('token')
      if (token === undefined) return fail('invalid_request')
      if (client.introspects === null) return fail('invalid_client')
      const { token: found } = await tokens.introspect(token, client.introspects)
      return json(found === null ? { active: false } : toIntrospection(found))
    },
  }

  async function post(request: Request, handle: Handler): Promise<Response> {
    if (request.method !== 'POST') return fail('invalid_request', 405, { allow: 'POST' })
    const form = hasType(request, 'application/x-www-form-urlencoded')
      ? toForm(await readText(request, MAX_BODY))
      : null
    if (form === null) return fail('invalid_request')
    const client = toClient(request, form, clients)
    return client === null ? fail('invalid_client') : handle(form, client, request)
  }

  async function get(pathname: string, url: URL): Promise<Response> {
    if (pathname === metadataPath) return published(metadata, 'application/json')
    if (pathname === JWKS_PATH) return published(await tokens.jwks(), 'application/jwk-set+json')
    const list = await tokens.ends(Number(url.searchParams.get('since') ?? 0))
    return new Response(list, { headers: { ...NO_STORE, ...ANY_ORIGIN, 'content-type': 'application/ends+jwt' } })
  }

  return {
    async handler(request) {
      const url = new URL(request.url)
      const { pathname } = url
      const isPublic = [metadataPath, JWKS_PATH, ENDS_PATH].includes(pathname)
      const handle = Object.hasOwn(posts, pathname) ? posts[pathname] : undefined
      if (!isPublic && handle === undefined) return new Response(null, { status: 404 })
      try {
        if (handle === undefined) {
          const isRead = request.method === 'GET' || request.method === 'HEAD'
          return isRead ? await get(pathname, url) : fail('invalid_request', 405, { allow: 'GET, HEAD' })
        }
        const isOpen = pathname !== `${path}/introspect`
        if (isOpen && request.method === 'OPTIONS')
          return withCors(request, origins, new Response(null, { status: 204, headers: PREFLIGHT }))
        const response = await post(request, handle)
        return isOpen ? withCors(request, origins, response) : response
      } catch (error) {
        // The token may be good, so the client must keep it and try again.
        if (!(error instanceof SessionError) || error.status !== 503) throw error
        return withCors(request, origins, fail('temporarily_unavailable', 503, { 'retry-after': '1' }))
      }
    },
  }
}

const JWKS_PATH = '/.well-known/jwks.json'
const ENDS_PATH = '/.well-known/session-ends'
const METADATA_PATH = '/.well-known/oauth-authorization-server'
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' }
const ANY_ORIGIN = { 'access-control-allow-origin': '*' }
const PREFLIGHT = {
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'authorization, content-type, dpop',
  'access-control-max-age': '600',
}

const ERRORS: Readonly<Record<string, string>> = { audience: 'invalid_target', scope: 'invalid_scope' }

function json(value: object, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(value, { status, headers: { ...NO_STORE, ...headers } })
}

/** The words of RFC 6749, section 5.2. */
function fail(
  error: string,
  status = error === 'invalid_client' ? 401 : 400,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const asks = error === 'invalid_client' ? { 'www-authenticate': 'Basic realm="tokens"' } : {}
  return json({ error }, status, { ...asks, ...headers })
}

function published(value: object, type: string): Response {
  return new Response(JSON.stringify(value), {
    headers: { ...ANY_ORIGIN, 'content-type': type, 'cache-control': 'public, max-age=300' },
  })
}

/** Requests carry no cookie of ours, so credentials are never allowed. */
function withCors(request: Request, origins: readonly string[], response: Response): Response {
  response.headers.append('vary', 'Origin')
  const origin = request.headers.get('origin')
  if (origin !== null && origins.includes(origin)) response.headers.set('access-control-allow-origin', origin)
  else for (const name of Object.keys(PREFLIGHT)) response.headers.delete(name)
  return response
}

/** RFC 8414, 3.1: the path of an issuer comes after the well-known one. */
function metadataSuffix(issuer: string): string {
  return new URL(issuer).pathname.replace(/\/$/, '')
}

function metadataOf(issuer: string, path: string): object {
  const { origin } = new URL(issuer)
  const methods = ['client_secret_basic', 'client_secret_post']
  return {
    issuer,
    jwks_uri: origin + JWKS_PATH,
    token_endpoint: `${origin}${path}/token`,
    revocation_endpoint: `${origin}${path}/revoke`,
    introspection_endpoint: `${origin}${path}/introspect`,
    response_types_supported: [],
    grant_types_supported: ['refresh_token'],
    token_endpoint_auth_methods_supported: [...methods, 'none'],
    revocation_endpoint_auth_methods_supported: [...methods, 'none'],
    introspection_endpoint_auth_methods_supported: methods,
  }
}

/** `null` for a parameter that is there twice (RFC 6749, 3.2), and for a body that is too large. Empty ones count as absent. */
function toForm(text: string | null): Form | null {
  if (text === null) return null
  const form = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (form.has(name)) return null
    form.set(name, value)
  }
  for (const [name, value] of form) if (value === '') form.delete(name)
  return form
}

/** RFC 7662, 2.2, and what RFC 9470 adds. */
function toIntrospection({ claims }: AccessToken): object {
  return { ...claims, active: true, token_type: Object.hasOwn(Object(claims.cnf), 'jkt') ? 'DPoP' : 'Bearer' }
}

function toView(request: Request, peer: string | null): RequestView {
  const { pathname, search, protocol } = new URL(request.url)
  return {
    method: request.method,
    url: pathname + search,
    secure: protocol === 'https:',
    peer,
    canSetHeaders: false,
    header: (name) => (name.startsWith(':') ? null : request.headers.get(name)),
  }
}
