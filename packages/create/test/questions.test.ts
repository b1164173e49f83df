import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { main } from '../src/main.ts'

const [ENTER, DOWN, UP, STOP] = ['\r', '\u001b[B', '\u001b[A', '\u0003']

const home = mkdtempSync(join(tmpdir(), 'sojourn-create-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Presses these keys, each after what the one before has drawn. */
async function press(keys: readonly string[], { args = [] as readonly string[], columns = 80 } = {}) {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input })
  const output = Object.assign(new PassThrough(), { isTTY: true, columns, rows: 24 })
  let text = ''
  output.on('data', (part: Buffer) => {
    text += part
  })
  const print = (line: string): void => {
    text += `${line}\n`
  }
  const code = main(args, { terminal: { input, output }, env: {}, node: '24.0.0', out: print, error: print })
  for (const key of keys) {
    for (let turn = 0; turn < 5; turn++) await setImmediate()
    input.write(key)
  }
  return { code: await code, text }
}

const read = (...path: string[]): string => readFileSync(join(home, ...path), 'utf8')

describe.each([20, 80])('in a terminal of %i columns', (columns) => {
  test('what is typed and chosen with the arrow keys is written', async () => {
    const folder = join(home, `wide-${columns}`)
    const choices = [DOWN, DOWN, DOWN, UP, ENTER, UP, ENTER, DOWN, ENTER, 'n']
    expect((await press([folder, ENTER, ...choices], { columns })).code).toBe(0)
    const { name, dependencies } = JSON.parse(read(`wide-${columns}`, 'package.json'))
    expect(name).toBe(`wide-${columns}`)
    expect(Object.keys(dependencies)).toEqual(['@hono/node-server', 'hono', 'sojourn', 'valibot'])
    expect(read(`wide-${columns}`, 'src', 'store.js')).toContain('memoryStore')
  })
})

test('a folder that has files is refused at its question, before the others are asked', async () => {
  mkdirSync(join(home, 'full'))
  writeFileSync(join(home, 'full', 'precious.txt'), 'mine')
  const { code, text } = await press([join(home, 'full'), ENTER, STOP])
  expect([code, text]).toEqual([1, expect.stringContaining('is not empty: it has precious.txt')])
  expect(text).not.toContain('Which framework')
})

test.each([0, 1, 2, 3, 4])('Ctrl-C after %i answers writes nothing', async (count) => {
  const folder = join(home, `stopped-${count}`)
  const answers = [[folder, ENTER], ENTER, ENTER, ENTER].slice(0, count).flat()
  const { code, text } = await press([...answers, STOP])
  expect([code, text]).toEqual([1, expect.stringContaining('Stopped. Nothing was written.')])
  expect(existsSync(folder)).toBe(false)
})

test('options that are given are not asked for', async () => {
  const args = [join(home, 'given'), '--store', 'memory', '--language', 'ts', '--no-install']
  const { code, text } = await press([ENTER], { args })
  expect(code).toBe(0)
  expect(text.match(/◆ {2}Which \w+\?/g)).toEqual(['◆  Which framework?'])
})
