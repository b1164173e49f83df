import { runInNewContext } from 'node:vm'
import { cookieCarrier, createSessions, crossOriginGuard, describeDevice, memoryStore } from 'sojourn'
import { toNodeHandler } from 'sojourn/node'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { assertSessions } from '../../src/core/contracts/assert-sessions.ts'
import { createWorld, rejection } from './kit.ts'

const KEY = 'a key that is long enough: 32 bytes or more'
const unchecked = (options: object | null) => () => createSessions(options as never)

describe('an option that is misspelled, or of another library, is refused: it would leave the default in place', () => {
  it.each<[string, () => unknown, string]>([
    ['timeout', unchecked({ timeout: '5m' }), 'createSessions has no option "timeout"'],
    ['secret', unchecked({ secret: 'keyboard cat' }), '"secret"'],
    ['a key of every object', unchecked({ constructor: 1 }), '"constructor"'],
    ['timeouts.idel', unchecked({ timeouts: { idel: '5m' } }), 'timeouts has no option "idel"'],
    ['cookie.secure', unchecked({ cookie: { secure: false } }), 'cookie has no option "secure"'],
    ['cookie.maxAge', unchecked({ cookie: { maxAge: 1000 } }), 'cookie has no option "maxAge"'],
    ['of a carrier', () => cookieCarrier({ httpOnly: false } as never), '"httpOnly"'],
    ['of the cross-origin guard', () => crossOriginGuard({ origins: [] } as never), '"origins"'],
    ['of the device description', () => describeDevice({ ips: 'full' } as never), '"ips"'],
    ['of the memory store', () => memoryStore({ max: 1 } as never), '"max"'],
  ])('%s', async (_, create, text) => {
    const error = await rejection(create)
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain(text)
  })
})

describe('what has no options, but no option is wrong in it, is refused: every default would stay in place', () => {
  const promise = Promise.resolve({ idle: '5m' })

  it.each<[string, () => unknown, string]>([
    ['a promise', unchecked(promise), 'createSessions takes an object of options. Await the promise.'],
    [
      'a promise as timeouts',
      unchecked({ timeouts: promise }),
      'timeouts takes an object of options. Await the promise.',
    ],
    ['a promise as cookie', unchecked({ cookie: promise }), 'cookie takes an object of options. Await the promise.'],
    ['a map', unchecked(new Map([['keys', KEY]])), 'createSessions takes an object of options.'],
    ['a date', unchecked({ timeouts: new Date() }), 'timeouts takes an object of options.'],
  ])('%s', async (_, create, text) => {
    expect(await rejection(create)).toMatchObject({ code: 'ERR_OPTION', message: expect.stringContaining(text) })
  })

  it('an object of another realm, without a prototype, or of a class is taken', () => {
    const kept = [runInNewContext('({})'), Object.create(null), new (class Config {})()]
    for (const options of kept) expect(unchecked(options)).not.toThrow()
  })
})

describe('an option of another library is answered with what to write instead', () => {
  it.each<[object, string]>([
    [{ secret: 'keyboard cat' }, 'set keys'],
    [{ password: 'at least 32 characters long' }, 'set keys'],
    [{ resave: false }, 'Remove it'],
    [{ saveUninitialized: true }, 'Remove it'],
    [{ rolling: true }, 'each use extends the session'],
    [{ timeout: '5m' }, 'Limits are idle and absolute, in timeouts'],
    [{ ttl: 3600 }, 'in timeouts'],
    [{ expires: new Date() }, 'in timeouts'],
    [{ cookie: { maxAge: 1000 } }, 'in timeouts'],
    [{ cookie: { secure: false } }, 'always HttpOnly and Secure'],
    [{ cookie: { httpOnly: false } }, 'always HttpOnly and Secure'],
    [{ name: 'sid' }, 'in cookie: { ... }'],
    [{ cookieName: 'sid' }, 'in cookie: { ... }'],
    [{ genid: () => 'x' }, 'ids are random'],
    [{ proxy: true }, 'where the server or the adapter is created'],
    [{ timeot: '5m' }, 'It has: store,'],
  ])('%j', async (options, advice) => {
    const error = await rejection(unchecked(options))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain(advice)
  })
})

describe('a name that another library uses, where it is more likely one of ours', () => {
  it.each<[string, () => unknown, string]>([
    [
      'timeout of a handler',
      () => toNodeHandler(() => new Response(), { timeout: 5 } as never),
      'It has: trustProxy, onError.',
    ],
    ['proxy of a handler', () => toNodeHandler(() => new Response(), { proxy: true } as never), 'Set trustProxy where'],
    ['name of endAll', () => createSessions().endAll({ name: 'x' } as never), 'It has: reason.'],
    ['path of the memory store', () => memoryStore({ path: 'x' } as never), 'It has: maxSessions.'],
    ['secure of a login', loginWith({ secure: true }), 'It has: methods, assurance, device'],
    ['maxAge of a login', loginWith({ maxAge: '30d' }), 'Limits are idle and absolute'],
    ['ttl of the limits', unchecked({ timeouts: { ttl: '5m' } }), 'Limits are idle and absolute'],
  ])('%s', async (_, create, text) => {
    const error = await rejection(create)
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain(text)
  })
})

function loginWith(options: object): () => unknown {
  return () =>
    createWorld()
      .client()
      .send((session) => session.login('ada', options as never))
}

describe('an option of another type is refused', () => {
  it.each<[string, object | null, string]>([
    ['nothing at all', null, 'object'],
    ['invalidData', { invalidData: 'ignore' }, 'invalidData must be "drop" or "end" or "throw"'],
    ['onReuse', { onReuse: true }, 'onReuse'],
    ['sealed', { sealed: 'yes' }, 'sealed must be a boolean'],
    ['guards', { guards: { check: () => null } }, 'guards must be an array'],
    ['clock', { clock: Date.now() }, 'clock must be a function'],
    ['warn', { warn: false }, 'warn'],
    ['describeDevice', { describeDevice: { ip: 'full' } }, 'describeDevice'],
    ['crossOrigin', { crossOrigin: { trustedOrigins: 'https://a.example' } }, 'trustedOrigins must be an array'],
    ['insecureNoCrossOriginCheck', { insecureNoCrossOriginCheck: 'false' }, 'insecureNoCrossOriginCheck'],
    ['cookie', { cookie: 'sid' }, 'cookie'],
    ['cookie.insecureOverHttp', { cookie: { name: 'x', insecureOverHttp: 'no' } }, 'insecureOverHttp'],
    ['timeouts', { timeouts: 5 }, 'timeouts'],
  ])('%s', async (_, options, text) => {
    const error = await rejection(unchecked(options))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain(text)
  })

  it('undefined is the same as absent', () => {
    const warnings: string[] = []
    const warn = (message: string) => warnings.push(message)
    expect(createSessions({ store: undefined, sealed: undefined, warn } as object)).toBeDefined()
    expect(warnings).toEqual([])
  })

  it('keys that are undefined, as an unset environment variable leaves them, are reported', () => {
    const warnings: string[] = []
    const unset: NodeJS.ProcessEnv = {}
    const keys = unset.SESSION_KEYS?.split(',')
    const text = 'keys is not set: an environment variable may be missing. If not, leave keys out.'
    expect(createSessions({ keys, warn: (message: string) => warnings.push(message) } as object)).toBeDefined()
    expect(warnings).toEqual([`sojourn: ${text}`])
  })

  it('in production, they are refused, because every token that was issued with keys would be', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    onTestFinished(() => void vi.unstubAllEnvs())
    const error = await rejection(unchecked({ store: memoryStore(), keys: undefined }))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain('keys is not set: an environment variable may be missing.')
    expect(createSessions({ store: memoryStore() })).toBeDefined()
  })

  it('options of crossOrigin that stand beside it are named with their place', async () => {
    const error = await rejection(unchecked({ trustedOrigins: ['https://admin.example'] }))
    expect(error.message).toContain('has no option "trustedOrigins". createSessions takes it in crossOrigin: { ... }.')
  })
})

describe('what is no store', () => {
  it('is refused at once, with the verbs that it lacks', async () => {
    const error = await rejection(unchecked({ store: {} }))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain('read, create, write, end, list, close')
    expect(error.message).not.toContain('connectStore')
  })

  it('a store made for express-session, such as connect-redis, is refused with a hint at the bridge', async () => {
    const store = { get: () => {}, set: () => {}, destroy: () => {}, touch: () => {} }
    const error = await rejection(unchecked({ store }))
    expect(error.message).toContain('connectStore')
    expect(error.message).toContain('sojourn/stores/connect')
  })
})

describe('keys', () => {
  it.each<[string, unknown]>([
    ['undefined', [undefined]],
    ['null', [null]],
    ['empty', ['']],
    ['empty bytes', [new Uint8Array()]],
    ['a hole', new Array(1)],
  ])('a missing environment variable is named: %s', async (_, keys) => {
    const error = await rejection(unchecked({ keys }))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain('keys[0] is not set')
  })

  it('names the one that is wrong', async () => {
    expect((await rejection(unchecked({ keys: [KEY, 'short'] }))).message).toMatch(/keys\[1\].*32 bytes.*openssl/)
    expect((await rejection(unchecked({ keys: [KEY, 7] }))).message).toContain('keys[1]')
  })

  it.each<[string, unknown]>([
    ['an empty list, as an empty environment variable leaves it, does not turn the MAC off', []],
    ['a text', KEY],
    ['null', null],
  ])('%s', async (_, keys) => {
    const error = await rejection(unchecked({ keys }))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain('keys must be a list')
  })

  it('are never in the message', async () => {
    const error = await rejection(unchecked({ keys: ['hunter2'] }))
    expect(error.message).not.toContain('hunter2')
  })
})

describe('sessions given to an adapter', () => {
  it.each([undefined, null, {}, 7, 'sessions', () => {}, { sessions: createSessions() }, Promise.resolve()])(
    'are refused when they are something else: %#',
    async (value) => {
      const error = await rejection(() => assertSessions(value, 'expressSessions'))
      expect(error).toMatchObject({ code: 'ERR_OPTION' })
      expect(error.message).toContain('expressSessions')
      expect(error.message).toContain('createSessions()')
    },
  )

  it('pass when they are sessions', () => {
    expect(() => assertSessions(createSessions(), 'expressSessions')).not.toThrow()
  })
})
