import { toUtf8 } from '../../core/lib/bytes.ts'
import { equalText, hashSecret } from '../../core/token/token.ts'
import { answer, type EndpointParts, reply } from './endpoints.ts'
import { POLL, PUSH } from './stream-store.ts'
import type { Known, Settings } from './transmitter-options.ts'
import { toMetadataPath } from './trusted.ts'

function metadataOf({ issuer, base }: Settings): object {
  return {
    spec_version: '1_0',
    issuer,
    jwks_uri: `${base}/jwks`,
    delivery_methods_supported: [PUSH, POLL],
    configuration_endpoint: `${base}/streams`,
    status_endpoint: `${base}/status`,
    add_subject_endpoint: `${base}/subjects/add`,
    remove_subject_endpoint: `${base}/subjects/remove`,
    verification_endpoint: `${base}/verify`,
    authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }],
    default_subjects: 'ALL',
  }
}

/** Answers what everybody may read, and leads a receiver that shows its token to its endpoint. */
export async function route(
  parts: EndpointParts,
  settings: Settings,
  signer: { jwks(): Promise<object> },
  request: Request,
): Promise<Response> {
  const { pathname } = new URL(request.url)
  const isGet = request.method === 'GET'
  const cached = (value: object, type: string): Response =>
    new Response(JSON.stringify(value), { headers: { 'content-type': type, 'cache-control': 'public, max-age=300' } })
  if (isGet && pathname === toMetadataPath(settings.issuer)) return cached(metadataOf(settings), 'application/json')
  if (isGet && pathname === `${settings.path}/jwks`) return cached(await signer.jwks(), 'application/jwk-set+json')
  if (!pathname.startsWith(`${settings.path}/`)) return reply(404)
  const [, token] = /^bearer ([\x21-\x7e]+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  const receiver = token === undefined ? undefined : find(settings.receivers, token)
  if (receiver === undefined) {
    return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' } })
  }
  return answer(parts, receiver, pathname.slice(settings.path.length), request)
}

/** Compares with every token, so that timing does not reveal which one is close. */
function find(receivers: ReadonlyMap<string, Known>, token: string): Known | undefined {
  const hash = hashSecret(toUtf8(token))
  const found = [...receivers.values()].filter(({ hashes }) =>
    hashes.map((each) => equalText(each, hash)).includes(true),
  )
  return found[0]
}
