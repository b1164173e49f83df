import type { HeaderChange } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, MINUTE } from './kit.ts'

/** Headers that some caches obey in place of `Cache-Control`. */
const CACHE_OVERRIDES = [
  'expires',
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'netlify-cdn-cache-control',
  'akamai-cache-control',
  'surrogate-control',
  'edge-control',
  'x-litespeed-cache-control',
  'x-accel-expires',
]

const VARY = { name: 'vary', value: 'Cookie', how: 'append' }
const NO_STORE = { name: 'cache-control', value: 'no-store', how: 'default' }
const TOKEN = [
  VARY,
  { name: 'cache-control', value: 'no-store', how: 'replace' },
  ...CACHE_OVERRIDES.map((name) => ({ name, value: '', how: 'replace' })),
]
const PRIVATE = { name: 'cache-control', value: 'private, no-cache', how: 'default' }

function caching(headers: readonly HeaderChange[]): readonly HeaderChange[] {
  return headers.filter(({ name }) => name !== 'set-cookie')
}

describe('caches', () => {
  it('may keep a response that did not look at the session', async () => {
    const world = createWorld()
    const client = world.client()
    expect((await client.send(() => {})).headers).toEqual([])
    await client.send((session) => session.login('ada'))
    expect((await client.send(() => {})).headers).toEqual([])
    world.clock.advance(5 * MINUTE)
    expect((await client.send(() => {})).headers).toEqual([])
  })

  it.each([
    ['id'],
    ['userId'],
    ['isNew'],
    ['createdAt'],
    ['authenticatedAt'],
    ['methods'],
    ['assurance'],
    ['lastSeenAt'],
    ['expiresAt'],
    ['device'],
    ['refused'],
    ['data'],
    ['flash'],
  ] as const)('are told apart by cookie once it was looked at: %s', async (member) => {
    const world = createWorld()
    const client = world.client()
    expect((await client.send((session) => session[member])).headers).toEqual([VARY, PRIVATE])
  })

  it.each([
    ['authenticatedWithin', (session: { authenticatedWithin(d: '1m'): boolean }) => session.authenticatedWithin('1m')],
    ['devices', (session: { devices(): Promise<unknown> }) => session.devices()],
    ['revokeDevice', (session: { revokeDevice(id: string): Promise<unknown> }) => session.revokeDevice('x')],
    ['revokeOthers', (session: { revokeOthers(): Promise<unknown> }) => session.revokeOthers()],
    ['rotate', (session: { rotate(): Promise<unknown> }) => session.rotate()],
    ['logout', (session: { logout(): Promise<unknown> }) => session.logout()],
  ])('and by asking for %s', async (_, ask) => {
    const { headers } = await createWorld()
      .client()
      .send(async (session) => void (await ask(session)))
    expect(headers).toEqual([VARY, PRIVATE])
  })

  it('keep nothing of what a logged-in user saw', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    expect((await client.send(look)).headers).toEqual([VARY, NO_STORE])
  })

  it('may keep for themselves what an anonymous session saw', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    expect((await client.send(look)).headers).toEqual([VARY, PRIVATE])
  })

  it('keep nothing that sets or clears a token', async () => {
    const world = createWorld()
    const client = world.client()
    const first = await client.send(edit({ a: 1 }))
    expect(caching(first.headers)).toEqual(TOKEN)
    expect(caching((await client.send((session) => session.login('ada'))).headers)).toEqual(TOKEN)
    expect(caching((await client.send((session) => session.logout())).headers)).toEqual(TOKEN)
  })

  it('store no response that clears duplicates', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { headers } = await client.send(() => {}, { cookie: `${client.cookie()}; __Host-session=stray` })
    expect(caching(headers)).toEqual(TOKEN)
  })

  it('Clear-Site-Data is sent without a cookie if there is no token to clear', async () => {
    const { headers } = await createWorld()
      .client()
      .send((session) => session.logout({ clearSiteData: ['cookies'] }))
    expect(headers).toEqual([{ name: 'clear-site-data', value: '"cookies"', how: 'default' }, VARY, PRIVATE])
  })
})
