import express from 'express'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { createSessions, memoryStore, type Store } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { toNodeHandler } from 'sojourn/node'
import { backChannelLogout, type LoginClaims, type RefusedLogout } from 'sojourn/signals/back-channel-logout'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createBrowser, listen, type OidcProvider, SECRET, startOidcProvider } from './oidc.ts'

// Times of tokens are whole seconds, and nothing here takes one.
vi.useFakeTimers({ toFake: ['Date'] })
const later = (seconds: number): unknown => vi.setSystemTime(Date.now() + seconds * 1000)

const provider = await startOidcProvider()
const cleanups: (() => unknown)[] = [() => provider.stop(), () => vi.useRealTimers()]
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

interface RelyingParty {
  readonly clientId: string
  readonly url: string
  readonly refusals: RefusedLogout[]
  readonly reasons: string[]
}

/** An application on Express that logs in with the provider. */
async function startRelyingParty(clientId: string, store: Store, { issuer }: OidcProvider): Promise<RelyingParty> {
  const sessions = createSessions({ store })
  const refusals: RefusedLogout[] = []
  const reasons: string[] = []
  sessions.on('ended', ({ reason }) => void reasons.push(reason))
  const atProvider = backChannelLogout({
    sessions,
    providers: [{ issuer, clientId }],
    insecureHttp: true,
    refused: (refused) => void refusals.push(refused),
  })
  const app = express()
  app.use('/back-channel-logout', toNodeHandler(atProvider.handler))
  app.use(expressSessions(sessions))
  const { server, url } = await listen(app)
  cleanups.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  const redirect_uri = `${url}/callback`
  const jwks = createRemoteJWKSet(new URL(`${issuer}/jwks`))

  app.get('/login', (_, res) => {
    const query = new URLSearchParams({ client_id: clientId, redirect_uri, response_type: 'code', scope: 'openid' })
    res.redirect(`${issuer}/auth?${query}`)
  })
  app.get('/callback', async (req, res) => {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${clientId}:${encodeURIComponent(SECRET)}`)}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code: String(req.query.code), redirect_uri }),
    })
    const { id_token } = (await response.json()) as { id_token: string }
    const { payload } = await jwtVerify(id_token, jwks, { issuer, audience: clientId })
    await atProvider.login(req.session, `user-${payload.sub}`, payload as LoginClaims)
    res.redirect('/me')
  })
  app.get('/me', (req, res) => void res.send(`You are ${req.session.userId}.`))
  return { clientId, url, refusals, reasons }
}

const store = memoryStore()
const node1 = await startRelyingParty('shop', store, provider)
const blog = await startRelyingParty('blog', memoryStore(), provider)
await provider.register([
  { ...node1, hasSid: true },
  { ...blog, hasSid: false, alg: 'ES256' },
])

const ME = 'You are user-ada.'
const NOBODY = 'You are null.'

describe('a logout at a real provider', () => {
  it('ends the session of this browser within a second, and the one of another browser stays', async () => {
    const [here, there] = [createBrowser(), createBrowser()]
    expect(await here.visit(`${node1.url}/login`, 'ada')).toBe(ME)
    expect(await there.visit(`${node1.url}/login`, 'ada')).toBe(ME)
    later(1)
    await here.logOutAt(provider.issuer)
    await vi.waitFor(async () => expect(await here.visit(`${node1.url}/me`)).toBe(NOBODY), { timeout: 1000 })
    expect(await there.visit(`${node1.url}/me`)).toBe(ME)
    expect(node1.reasons).toEqual(['back-channel-logout'])
    expect(provider.deliveries).toEqual(['success'])
    expect(await here.visit(`${node1.url}/login`, 'ada')).toBe(ME)
  })

  it('ends all sessions of the user at an application whose tokens have no sid', async () => {
    const [here, there, bob] = [createBrowser(), createBrowser(), createBrowser()]
    for (const browser of [here, there]) expect(await browser.visit(`${blog.url}/login`, 'ada')).toBe(ME)
    await bob.visit(`${blog.url}/login`, 'bob')
    later(1)
    await here.logOutAt(provider.issuer)
    await vi.waitFor(async () => expect(await there.visit(`${blog.url}/me`)).toBe(NOBODY), { timeout: 1000 })
    expect(await here.visit(`${blog.url}/me`)).toBe(NOBODY)
    expect(await bob.visit(`${blog.url}/me`)).toBe('You are user-bob.')
  })

  it('ends the sessions of both applications that were used in this browser', async () => {
    const browser = createBrowser()
    later(1)
    for (const { url } of [node1, blog]) expect(await browser.visit(`${url}/login`, 'ada')).toBe(ME)
    await browser.logOutAt(provider.issuer)
    for (const { url } of [node1, blog]) {
      await vi.waitFor(async () => expect(await browser.visit(`${url}/me`)).toBe(NOBODY), { timeout: 1000 })
    }
  })

  it('after the provider changed its keys', async () => {
    const browser = createBrowser()
    expect(await browser.visit(`${node1.url}/login`, 'ada')).toBe(ME)
    await provider.rotateKeys()
    later(6)
    await browser.logOutAt(provider.issuer)
    await vi.waitFor(async () => expect(await browser.visit(`${node1.url}/me`)).toBe(NOBODY), { timeout: 1000 })
    expect(node1.refusals).toEqual([])
  })
})
