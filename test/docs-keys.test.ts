import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createSessions, memoryStore, type Sessions } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { afterEach, expect, test, vi } from 'vitest'
import { newFolder } from '../packages/sojourn/test/support/servers/program.ts'
import { runSnippet } from './docs/run.ts'
import { readPage, snippetsOf } from './docs/snippets.ts'

const PAGE = 'docs/how-to/rotate-keys.md'
const snippets = snippetsOf(PAGE)
const run = promisify(execFile)

afterEach(() => void vi.unstubAllEnvs())

/** The keys that `keys.ts` of the page reads from this file. */
async function keysIn(path: string): Promise<string[]> {
  const keys = snippets.find(({ name }) => name === 'keys.ts')
  if (keys === undefined) throw new Error(`${PAGE} shows no keys.ts`)
  vi.stubEnv('SESSION_KEYS_FILE', path)
  const running = await runSnippet(keys, snippets)
  await running.stop()
  return running.exports.keys as string[]
}

async function logIn(sessions: Sessions<object>): Promise<string> {
  const login = withSession(sessions, async (_request, session) => {
    await session.login('ada')
    return new Response()
  })
  return (await login(new Request('https://shop.example/'))).headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

async function whoIs(sessions: Sessions<object>, cookie: string): Promise<string | null> {
  const handler = withSession(sessions, (_request, session) => new Response(session.refused ?? session.userId))
  return (await handler(new Request('https://shop.example/', { headers: { cookie } }))).text()
}

test('the page about keys: a file that its command writes has the key, without the newline', async () => {
  const folder = await newFolder('keys')
  const command = snippets.find(({ code }) => code.includes('>> session-keys'))?.code ?? ''
  for (let i = 0; i < 2; i++) await run('/bin/sh', ['-c', command], { cwd: folder })
  const [first = '', second = ''] = await keysIn(join(folder, 'session-keys'))
  expect([first, second].map((key) => Buffer.from(key, 'base64').length)).toEqual([32, 32])

  // A server that got the same key from a variable.
  const store = memoryStore()
  const fromFile = createSessions({ store, keys: [first, second] })
  expect(await whoIs(createSessions({ store, keys: [second] }), await logIn(fromFile))).toBe('forged')
  expect(await whoIs(createSessions({ store, keys: [first] }), await logIn(fromFile))).toBe('ada')
})

test('the page about keys: a server with a missing or empty file does not start', async () => {
  const path = join(await newFolder('keys'), 'session-keys')
  await expect(keysIn(path)).rejects.toMatchObject({ cause: { code: 'ENOENT' } })
  writeFileSync(path, '\n')
  expect(() => createSessions({ keys: [] })).toThrow(/keys/)
  expect(await keysIn(path)).toEqual([])
})

/** A key that is the same for the same name, and looks random. */
const toKey = (name: string): string => createHash('sha256').update(name).digest('base64url')

test('the page about keys: in its three releases, old and new processes accept what the others sign', async () => {
  const rows = [...readPage(PAGE).matchAll(/^\| (today|first|second|third) \| ([\w, ]+) \|/gm)]
  const names = rows.map(([, , keys = '']) => keys.split(', '))
  expect(names).toEqual([['old'], ['old', 'new'], ['new', 'old'], ['new']])
  const store = memoryStore()
  const releases = names.map((keys) => createSessions({ store, keys: keys.map(toKey) }))
  for (const [i, release] of releases.entries()) {
    for (const beside of releases.slice(i, i + 2)) {
      const accepted = [await whoIs(beside, await logIn(release)), await whoIs(release, await logIn(beside))]
      expect(accepted, `release ${i}`).toEqual(['ada', 'ada'])
    }
  }
  const [today, , second] = releases
  if (today === undefined || second === undefined) throw new Error('a release is missing')
  expect(await whoIs(today, await logIn(second)), 'without the first release').toBe('forged')
})
