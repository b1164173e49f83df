import { describe, expect, it } from 'vitest'
import { createWorld, MINUTE } from './kit.ts'

describe('8 Quiet', () => {
  it('stores nothing and sets no cookie for a visitor whose session is only looked at', async () => {
    const { client, store, events } = createWorld()
    const visitor = client()
    const { setCookies } = await visitor.send((session) => {
      const { id, userId, isNew, createdAt, lastSeenAt, expiresAt, device, refused, methods, assurance } = session
      expect({ userId, isNew, device, refused, methods, assurance }).toEqual({
        userId: null,
        isNew: true,
        device: null,
        refused: null,
        methods: [],
        assurance: null,
      })
      expect(id).toMatch(/^[\w-]{22}$/)
      expect(createdAt).toEqual(lastSeenAt)
      expect(+expiresAt - +createdAt).toBe(30 * MINUTE)
      return [session.data.nothing, Object.keys(session.data), session.flash.take('note')]
    })
    expect(setCookies).toEqual([])
    expect(store.calls).toEqual([])
    expect(events).toEqual([])
  })
})
