import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { main } from '../../src/cli/main.ts'
import { counter, good, NOW } from '../tokens/generators.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'sojourn-audit-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function run(args: readonly string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  const said: Record<'out' | 'err', string[]> = { out: [], err: [] }
  const io: Io = {
    env: {},
    out: (text) => void said.out.push(text),
    err: (text) => void said.err.push(text),
    readInput: async () => input,
    ask: async () => null,
    onInterrupt: () => {},
    isTerminal: false,
    width: 100,
  }
  const code = await main(args, io)
  return { code, out: said.out.join(''), err: said.err.join('') }
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('tokens: a verdict, its reasons and an exit code', async () => {
  const weak = await run(['tokens', file('weak.txt', counter(50).join('\n'))])
  expect([weak.code, weak.out.split(':')[0]]).toEqual([13, 'PREDICTABLE'])
  const random = await run(['tokens', '-'], `\n${good['hex of 16 bytes']?.(50).join('\r\n')}\n`)
  expect([random.code, random.out.split('\n')[0]]).toEqual([
    0,
    'NO WEAKNESS FOUND: at most 128 of 128 bits, from 50 tokens (50 distinct)',
  ])
  expect((await run(['tokens', '-'], 'one\n')).code).toBe(3)
})

test('tokens: times before them count', async () => {
  const twice = (good['base64url of 24 bytes']?.(30) ?? []).map((token) => token.slice(0, 8))
  const lines = [...twice, ...twice]
    .sort()
    .map((token, i) => `${new Date(NOW + Math.floor(i / 2) * 2000).toISOString()}\t${token}`)
  const { code, out } = await run(['tokens', '-'], lines.join('\n'))
  expect(code).toBe(3)
  expect(out).toContain('stateless token')
})

test('tokens, cookie, har: as JSON', async () => {
  expect(JSON.parse((await run(['tokens', '-', '--json'], counter(30).join('\n'))).out).verdict).toBe('predictable')
  expect(JSON.parse((await run(['cookie', 'sid=abc; Path=/', '--json'])).out)[0].name).toBe('sid')
  expect(JSON.parse((await run(['har', '-', '--json'], '{"log":{"entries":[]}}')).out)[0].verdict).toBe('cannot-judge')
})

test('cookie: exits by the gravest failure, and shows the better line', async () => {
  const { code, out } = await run(['cookie', 'Set-Cookie: sid=abc; Path=/; HttpOnly; SameSite=Lax'])
  expect(code).toBe(12)
  expect(out).toContain('Better: Set-Cookie: __Host-sid=…; Path=/; Secure; HttpOnly; SameSite=Lax')
  expect((await run(['cookie', 'sid=abc; Path=/; HttpOnly; SameSite=Lax', '--url=http://localhost:3000/'])).code).toBe(
    0,
  )
})

test.each([
  [['tokens']],
  [['tokens', '/nowhere/at/all']],
  [['tokens', '-', '--odd']],
  [['har', '-']],
  [['cookie']],
  [['cookie', 'a=b', '--url=nonsense']],
])('misuse is told, and ends with 2: %j', async (args) => {
  const { code, err } = await run(args, 'no HAR')
  expect(code).toBe(2)
  expect(err).not.toBe('')
})

test('the content of a file cannot move the cursor', async () => {
  const { out } = await run(['cookie', 'si\u001b[2Jd=a\u001b[31mb; Path=/\u202e'])
  expect(['\u001b', '\u202e'].filter((letter) => out.includes(letter))).toEqual([])
})
