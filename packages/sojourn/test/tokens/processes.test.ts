import { type ChildProcess, fork } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessions, memoryStore } from 'sojourn'
import { redisBus } from 'sojourn/buses/redis'
import { toNodeHandler } from 'sojourn/node'
import { createTokens } from 'sojourn/tokens'
import { tokenEndpoints } from 'sojourn/tokens/endpoints'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '../core/kit.ts'
import { buildChild } from '../support/child.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { API, key } from './tokens-kit.ts'

interface Said {
  readonly what: 'begun' | 'ready' | 'refused'
  readonly refusal?: string | null
  readonly at?: number
}

function next(child: ChildProcess, what: Said['what']): Promise<Said> {
  return new Promise((resolve) => {
    const hear = (said: Said): void => {
      if (said.what !== what) return
      child.off('message', hear)
      resolve(said)
    }
    child.on('message', hear)
  })
}

describe('ten other processes, without a store', () => {
  let redis: RedisServer
  const cleanups: (() => unknown)[] = []
  beforeAll(async () => {
    redis = await startRedis()
  }, 60_000)
  afterAll(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup()
    await redis.stop()
  })

  it.each(['bus', 'list'] as const)(
    'refuse a token once its session was revoked, by %s',
    async (how) => {
      const url = `redis://127.0.0.1:${redis.port}`
      const server = createServer((request, response) => handle(request, response))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      cleanups.push(() => server.close())
      const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const sessions = createSessions({ store: memoryStore() })
      const tokens = createTokens(sessions, {
        issuer,
        keys: [key],
        audiences: { [API]: {} },
        insecureHttp: true,
        ...(how === 'bus' && { bus: redisBus({ url }) }),
      })
      const handle = toNodeHandler(tokenEndpoints(tokens, { clients: [{ id: 'app' }] }).handler)
      const client = createClient(sessions)
      await client.send((session) => session.login('user-1'))
      const { value } = await client.send((session) => tokens.issue(session))

      const program = await buildChild(new URL('children/verifier.ts', import.meta.url))
      const children = Array.from({ length: 10 }, () => fork(program, [issuer, API, ...(how === 'bus' ? [url] : [])]))
      cleanups.push(() => children.map((child) => child.connected && child.disconnect()))
      await Promise.all(children.map((child) => next(child, 'begun')))
      const ready = Promise.all(children.map((child) => next(child, 'ready')))
      const refused = Promise.all(children.map((child) => next(child, 'refused')))
      for (const child of children) child.send(value.accessToken)
      expect((await ready).map(({ refusal }) => refusal)).toEqual(Array(10).fill(null))
      // They listen by now.
      await new Promise((resolve) => setTimeout(resolve, 1500))

      const at = Date.now()
      expect(await tokens.revoke(client.token() ?? '')).toBe(true)
      const answers = await refused
      expect(answers.map(({ refusal }) => refusal)).toEqual(Array(10).fill('revoked'))
      const times = answers.map((answer) => Number(answer.at) - at).sort((a, b) => a - b)
      console.info(`from revoke to refusal in ten processes, by ${how}, ms: ${times.join(' ')}`)
      // What is promised is a second. A machine that is busy with other tests gets more.
      expect(Math.max(...times)).toBeLessThan(5000)
    },
    60_000,
  )
})
