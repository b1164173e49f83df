import { assert, assertEqual } from '../assert.ts'
import { type AdapterCase, type AdapterHandler, HOSTILE, NO_LOST_UPDATE } from './context.ts'
import { withWorld } from './world.ts'

const VISITORS = 40

const remember: AdapterHandler = async (session, request) => {
  const key = request.url.slice(1)
  if (key.startsWith('user-')) await session.login(key)
  else if (key !== '') session.data[key] = true
  return { body: JSON.stringify({ user: session.userId, keys: Object.keys(session.data).sort() }) }
}

export const loadCases: readonly AdapterCase[] = [
  {
    name: 'visitors at the same time never get each other’s sessions',
    run: (ctx) =>
      withWorld(ctx, remember, async (world) => {
        const names = Array.from({ length: VISITORS }, (_, i) => `user-${i}`)
        const visitors = names.map((name) => ({ name, visitor: world.visitor() }))
        await Promise.all(visitors.map(({ name, visitor }) => visitor.fetch(`/${name}`, { method: 'POST' })))
        const answers = await Promise.all(visitors.map(async ({ visitor }) => (await visitor.fetch('/')).json()))
        const users = answers.map((answer) => (answer as { user: string }).user)
        assertEqual(users, names, 'who each visitor is')
        assertEqual(new Set(visitors.map(({ visitor }) => visitor.cookie())).size, VISITORS, 'different cookies')
      }),
  },
  {
    name: 'parallel requests of one session that edit different keys all persist',
    guarantee: NO_LOST_UPDATE,
    run: (ctx) =>
      withWorld(ctx, remember, async (world) => {
        const visitor = world.visitor()
        await visitor.fetch('/first')
        const keys = Array.from({ length: VISITORS }, (_, i) => `key${i}`)
        await Promise.all(keys.map((key) => visitor.fetch(`/${key}`)))
        const { keys: kept } = (await (await visitor.fetch('/')).json()) as { keys: string[] }
        assertEqual(kept, ['first', ...keys].sort(), 'keys that survive')
      }),
  },
  {
    name: 'a hostile cookie opens no session, whatever it contains',
    guarantee: HOSTILE,
    run: (ctx) =>
      withWorld(ctx, remember, async (world) => {
        const visitor = world.visitor()
        await visitor.fetch('/first')
        const [name = ''] = visitor.cookie().split('=')
        const reads: string[] = []
        world.intercept((operation) => void reads.push(operation))
        const values = [
          '',
          '"',
          '%',
          '%00',
          '../../etc/passwd',
          '=',
          'a'.repeat(4000),
          '\u00ff\u0080',
          '{}',
          '__proto__',
        ]
        for (const value of values) {
          const response = await world.visitor().fetch('/', { headers: { cookie: `${name}=${value}` } })
          assertEqual(response.status, 200, `the status for ${JSON.stringify(value.slice(0, 20))}`)
          const { user, keys } = (await response.json()) as { user: null; keys: string[] }
          assert(user === null && keys.length === 0, 'there is no session')
        }
        assertEqual(reads, [], 'calls of the store')
      }),
  },
]
