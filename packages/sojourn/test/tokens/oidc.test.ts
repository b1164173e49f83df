import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import { createVerifier } from 'sojourn/tokens/verifier'
import { expect, it } from 'vitest'
import { listen } from '../signals/oidc.ts'
import { API } from './tokens-kit.ts'

it.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)('we verify what oidc-provider signs with %s', async (alg) => {
  let answer: Parameters<typeof listen>[0] = (_, response) => void response.end()
  const { server, url } = await listen((request, response) => answer(request, response))
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const secret = 'a secret of the client, for tests'
  const provider = new Provider(url, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg, use: 'sig', kid: 'one' }] },
    clients: [
      {
        client_id: 'job',
        client_secret: secret,
        id_token_signed_response_alg: alg,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    enabledJWA: { idTokenSigningAlgValues: [alg] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read write',
          audience: API,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg } },
        }),
      },
    },
  })
  answer = provider.callback()
  try {
    const response = await fetch(`${url}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`job:${encodeURIComponent(secret)}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: API, scope: 'read' }),
    })
    const { access_token } = (await response.json()) as { access_token: string }
    const options = { issuer: url, jwksUri: `${url}/jwks`, insecureHttp: true, insecureNoEnds: true } as const
    const { token, refusal } = await createVerifier({ ...options, audience: API }).verify(access_token, {
      scope: 'read',
    })
    expect(refusal).toBeNull()
    expect(token).toMatchObject({ clientId: 'job', userId: 'job', audience: [API], scopes: ['read'], sessionId: null })
    expect((await createVerifier({ ...options, audience: url }).verify(access_token)).refusal).toBe('audience')
  } finally {
    server.close()
  }
})
