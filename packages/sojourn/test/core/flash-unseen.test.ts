import { describe, expect, it } from 'vitest'
import { createWorld } from './kit.ts'

async function withMessage() {
  const client = createWorld().client()
  await client.send(({ flash }) => flash.set('note', 'Saved.'))
  return client
}

const take = ({ flash }: { flash: { take(key: string): unknown } }) => [flash.take('note'), flash.take('note')]

describe('a flash message that nobody saw is not used up', () => {
  it.each<[string, object]>([
    ['HEAD', { method: 'HEAD' }],
    ['a prefetch', { headers: { 'sec-purpose': 'prefetch' } }],
    ['a prerendering', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
    ['a prefetch of an older browser', { headers: { purpose: 'prefetch' } }],
  ])('%s', async (_, request) => {
    const client = await withMessage()
    expect((await client.send(take, request)).value).toEqual(['Saved.', undefined])
    expect((await client.send(take)).value).toEqual(['Saved.', undefined])
    expect((await client.send(take)).value).toEqual([undefined, undefined])
  })

  it('a response that is a server error', async () => {
    const client = await withMessage()
    for (const [status, seen] of [
      [500, 'Saved.'],
      [503, 'Saved.'],
      [404, 'Saved.'],
      [200, undefined],
    ] as const) {
      const { session, commit, finish } = await client.open()
      expect(session.flash.take('note')).toBe(seen)
      client.receive(await commit(status))
      await finish()
    }
  })

  it('a handler that throws: there is no commit', async () => {
    const client = await withMessage()
    const { session } = await client.open()
    take(session)
    expect((await client.send(take)).value).toEqual(['Saved.', undefined])
  })

  it('values that such a request sets are stored', async () => {
    const client = await withMessage()
    await client.send(({ flash }) => flash.set('note', 'Newer.'), { method: 'HEAD' })
    expect((await client.send(take)).value).toEqual(['Newer.', undefined])
  })
})
