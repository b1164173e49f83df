import { assert, assertEqual } from '../assert.ts'
import { createSignal, type Visitor } from './client.ts'
import { type AdapterCase, type AdapterHandler, type AdapterReply, FRESH_TOKEN } from './context.ts'
import { type Operation, type World, withWorld } from './world.ts'

/** Answers `/quick` immediately and passes everything else to `handle`. */
function besideQuick(handle: AdapterHandler): AdapterHandler {
  return (session, request) => (request.url === '/quick' ? { body: 'quick' } : handle(session, request))
}

/**
 * Sends the request while the store is blocked in this operation, and fails if a response arrives. A response that waits for
 * nothing would have arrived by the time another request was answered over its own connection.
 */
async function fetchHeld(world: World, visitor: Visitor, stuckIn: Operation): Promise<Response> {
  const reached = createSignal()
  const repaired = createSignal()
  world.intercept((operation) => {
    if (operation !== stuckIn) return
    reached.give()
    return repaired.given
  })
  let isAnswered = false
  const response = visitor.fetch('/slow').then((answer) => {
    isAnswered = true
    return answer
  })
  try {
    await Promise.race([reached.given, response])
    for (let round = 0; round < 3; round++) await world.visitor().fetch('/quick')
    assert(!isAnswered, `the response came while the store had not done its "${stuckIn}"`)
  } finally {
    repaired.give()
  }
  return response
}

function held(
  name: string,
  stuckIn: Operation,
  handle: AdapterHandler,
  check: (held: Held) => Promise<void>,
): AdapterCase {
  return {
    name,
    run: (ctx) =>
      withWorld(ctx, besideQuick(handle), async (world) => {
        const visitor = world.visitor()
        if (stuckIn === 'write') await visitor.fetch('/slow')
        const response = await fetchHeld(world, visitor, stuckIn)
        await check({ world, visitor, response })
      }),
  }
}

interface Held {
  readonly world: World
  readonly visitor: Visitor
  readonly response: Response
}

/** Answers with the session's id, which names its record. */
const editTheme: AdapterHandler = (session) => {
  session.data.theme = `dark ${Math.random()}`
  return { headers: [['x-id', session.id]], body: 'edited' }
}

async function assertStored({ world, response }: Held): Promise<void> {
  assertEqual(response.status, 200, 'the status')
  assertEqual(await response.text(), 'edited', 'the body')
  const record = await world.record(response.headers.get('x-id') ?? '')
  assert(record?.data.theme !== undefined, 'the edit is stored when the response is there')
}

const LARGE = 'x'.repeat(3_000_000)

async function* pieces(texts: Iterable<string>): AsyncGenerator<string> {
  yield* texts
}

export const holdCases: readonly AdapterCase[] = [
  {
    name: 'a client that follows the redirect after a login is logged in',
    guarantee: FRESH_TOKEN,
    run: (ctx) =>
      withWorld(ctx, loginThenAccount, async (world) => {
        const visitor = world.visitor()
        const response = await visitor.fetch('/login', { method: 'POST' })
        assertEqual(response.status, 303, 'the status')
        assertEqual(response.headers.get('location'), '/account', 'where to')
        assertEqual(response.headers.getSetCookie().length, 1, 'cookies set')
        const account = await visitor.fetch('/account')
        assertEqual(await account.text(), 'user-1', 'who is logged in after the redirect')
      }),
  },
  held(
    'the response of a login is held back until the session is in the store',
    'create',
    async (session) => {
      session.data.theme = 'dark'
      await session.login('user-1')
      return { headers: [['x-id', session.id]], body: 'edited' }
    },
    assertStored,
  ),
  held('the response is held back until a new session is stored', 'create', editTheme, assertStored),
  held('the response is held back until an edit is stored', 'write', editTheme, assertStored),
  held(
    'a stream does not begin before the session is stored',
    'create',
    (session) => {
      session.data.theme = 'dark'
      return { headers: [['x-id', session.id]], body: pieces(['edi', 'ted']) }
    },
    assertStored,
  ),
  held(
    'a large response that was held back arrives whole',
    'create',
    (session) => {
      session.data.theme = 'dark'
      return { body: LARGE }
    },
    async ({ response }) => assert((await response.text()) === LARGE, 'the body is the one that was sent'),
  ),
  held(
    'many pieces written while the response was held back arrive in order',
    'create',
    (session) => {
      session.data.theme = 'dark'
      return { body: pieces(Array.from({ length: 300 }, (_, i) => `${i}${'.'.repeat(2000)}\n`)) }
    },
    async ({ response }) => {
      const lines = (await response.text()).split('\n').filter((line) => line !== '')
      assertEqual(lines.length, 300, 'pieces')
      assert(
        lines.every((line, i) => Number.parseInt(line, 10) === i),
        'the pieces are in order',
      )
    },
  ),
  {
    name: 'a response with nothing to store waits for no write',
    run: (ctx) =>
      withWorld(ctx, besideQuick(editOrRead), async (world) => {
        const visitor = world.visitor()
        await (await visitor.fetch('/edit')).text()
        world.intercept((operation) => (operation === 'read' ? undefined : new Promise<never>(() => {})))
        assertEqual(await (await visitor.fetch('/read')).text(), 'dark', 'what a read sees')
      }),
  },
]

const loginThenAccount: AdapterHandler = async (session, request): Promise<AdapterReply> => {
  if (request.url === '/account') return { body: String(session.userId) }
  await session.login('user-1')
  return { status: 303, headers: [['location', '/account']] }
}

const editOrRead: AdapterHandler = (session, request) => {
  if (request.url === '/edit') session.data.theme = 'dark'
  return { body: String(session.data.theme) }
}
