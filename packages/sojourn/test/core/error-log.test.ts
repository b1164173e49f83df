import { SessionError } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, rejection } from './kit.ts'

describe('an error in a log of JSON lines', () => {
  it('says what happened and what the driver said: ECONNREFUSED and OOM do not look the same', async () => {
    const world = createWorld()
    const lines: string[] = []
    world.sessions.on('fault', (event) => lines.push(JSON.stringify(event)))
    const error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' })
    world.store.fail('create', { error })
    await rejection(world.client().send((session) => session.login('ada')))
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      type: 'fault',
      operation: 'create',
      error: {
        name: 'SessionError',
        code: 'ERR_STORE',
        status: 503,
        message: 'The session store could not answer. memory failed to create.',
        cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:6379' },
      },
    })
  })

  it('follows the causes of our own errors, and omits values that are not errors', () => {
    const inner = new SessionError('ERR_STORE', '', new TypeError('broken'))
    expect(JSON.parse(JSON.stringify(new SessionError('ERR_STORE', '', inner)))).toMatchObject({
      cause: { code: 'ERR_STORE', cause: { name: 'TypeError', message: 'broken' } },
    })
    expect(JSON.parse(JSON.stringify(new SessionError('ERR_STORE', '', { token: 'x' })))).not.toHaveProperty('cause')
    expect(JSON.parse(JSON.stringify(new SessionError('ERR_CLOSED')))).toEqual({
      name: 'SessionError',
      code: 'ERR_CLOSED',
      status: 500,
      message: 'These sessions were closed.',
    })
  })
})

describe('a value that is no JSON is named in plain English', () => {
  it.each<[unknown, string]>([
    [[undefined], 'data.a[0] is undefined.'],
    [() => {}, 'data.a is a function.'],
    [1n, 'data.a is a bigint.'],
    [Symbol('x'), 'data.a is a symbol.'],
  ])('%#', async (value, text) => {
    const client = createWorld().client()
    const error = await rejection(client.send((session) => Object.assign(session.data, { a: value })))
    expect(error.message).toContain(text)
  })
})
