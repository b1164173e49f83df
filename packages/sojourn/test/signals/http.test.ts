import { describe, expect, it, vi } from 'vitest'
import { type Http, readText, send } from '../../src/signals/_http.ts'
import { toTiming } from '../../src/stores/around/wrapper.ts'
import { rejection } from '../core/kit.ts'
import { createLogoutWorld, startIssuer } from './logout-kit.ts'

const never = new Promise<never>(() => {})

describe('a fetch of the application that does not know the signal', () => {
  it.each<[string, typeof fetch]>([
    ['never answers', () => never],
    ['answers, and the body never ends', async () => new Response(new ReadableStream())],
  ])('and %s is left after the time limit', async (_, fetch) => {
    const timers: (() => void)[] = []
    const after = (_ms: number, callback: () => void) => {
      timers.push(callback)
      return () => undefined
    }
    const http: Pick<Http, 'fetch' | 'timing'> = { fetch, timing: { ...toTiming(), after } }
    const sending = send(http, 'https://idp.example/', { timeoutMs: 5000 }, (response) => readText(response, 100))
    for (const callback of timers) callback()
    expect(await rejection(sending)).toMatchObject({ code: 'ERR_EVENTS' })
  })

  it('leaves no logout of an identity provider without an answer', async () => {
    const provider = await startIssuer()
    await provider.addKey()
    const world = createLogoutWorld(provider, { options: { fetch: () => never } })
    const token = await provider.sign(world.claims({ sub: 'ada' }))
    vi.useFakeTimers()
    try {
      const posting = world.post(token)
      await vi.advanceTimersByTimeAsync(5000)
      expect((await posting).status).toBe(503)
    } finally {
      vi.useRealTimers()
    }
  })
})
