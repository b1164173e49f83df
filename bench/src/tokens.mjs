import { createSigner as createFastSigner, createVerifier as createFastVerifier } from 'fast-jwt'
import * as jose from 'jose'
import { createSessions, memoryStore } from 'sojourn'
import { createTokens } from 'sojourn/tokens'
import { createVerifier } from 'sojourn/tokens/verifier'

/**
 * `npm run tokens`: the CPU time of one verification of an access token, in µs, three times in turn. `again`: the same token, as a
 * client sends it with each request.
 */
const RUNS = 1500
const ROUNDS = 3
const issuer = 'https://issuer.example'
const audience = 'https://api.example'

/** @param {(index: number) => unknown} work */
async function cpuOf(work, runs = RUNS) {
  for (let index = 0; index < 50; index++) await work(index)
  const before = process.cpuUsage()
  for (let index = 0; index < runs; index++) await work(50 + index)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / runs
}

for (const alg of ['EdDSA', 'ES256', 'RS256', 'PS256']) {
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await jose.exportJWK(privateKey)), alg, kid: 'one' }
  const sessions = createSessions({ store: memoryStore() })
  const tokens = createTokens(sessions, { issuer, keys: [jwk], audiences: { [audience]: {} } })
  const view = { method: 'GET', url: '/', secure: true, peer: null, header: () => null }
  const { session } = await sessions.open(view)
  await session.login('user-1')
  const texts = []
  for (let index = 0; index < RUNS + 50; index++) texts.push((await tokens.issue(session)).accessToken)
  const [text = ''] = texts
  const list = `${issuer}/list`
  /** @type {typeof fetch} */
  const get = async (url) =>
    String(url).startsWith(list) ? new Response(await tokens.ends()) : Response.json(await tokens.jwks())
  const create = () => createVerifier({ issuer, audience, ends: { list }, fetch: get })
  const again = create()
  await again.verify(text)
  const pem = await jose.exportSPKI(publicKey)
  const options = { key: pem, algorithms: [/** @type {'ES256'} */ (alg)], allowedIss: issuer, allowedAud: audience }
  const fast = createFastVerifier(options)
  const cached = createFastVerifier({ ...options, cache: true })
  const expected = { issuer, audience, typ: 'at+jwt', algorithms: [alg] }
  const signFast = createFastSigner({
    key: await jose.exportPKCS8(privateKey),
    algorithm: /** @type {'ES256'} */ (alg),
  })

  for (let round = 0; round < ROUNDS; round++) {
    const first = create()
    await first.start()
    const costs = {
      jose: await cpuOf(() => jose.jwtVerify(text, publicKey, expected)),
      'fast-jwt': await cpuOf(() => fast(text)),
      'sojourn, first': await cpuOf((index) => first.verify(texts[index] ?? '')),
      'fast-jwt, cached': await cpuOf(() => cached(text), 20 * RUNS),
      'sojourn, again': await cpuOf(() => again.verify(text), 20 * RUNS),
      'sign: sojourn': await cpuOf(() => tokens.issue(session)),
      'sign: fast-jwt': await cpuOf(() => signFast({ iss: issuer, aud: audience, sub: 'user-1' })),
    }
    console.log(
      alg,
      Object.entries(costs)
        .map(([name, us]) => `${name} ${us.toFixed(1)}`)
        .join(', '),
    )
  }
}
