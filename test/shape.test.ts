import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { arrowsIn, circlesIn, climbsIn, figuresOf } from '../tools/checks/shape.mjs'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A folder with these files in it. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-shape-'))
  folders.push(folder)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  return folder
}

test('a circle of values is found', () => {
  const folder = folderOf({
    'a.ts': "import { b } from './deep/b.ts'\nexport const a = () => b()\n",
    'deep/b.ts': "import { c } from '../c.ts'\nexport const b = () => c()\n",
    'c.ts': "import { a } from './a.ts'\nexport const c = () => a()\n",
  })
  expect(circlesIn(arrowsIn(folder))).toEqual([['a.ts', 'deep/b.ts', 'c.ts', 'a.ts']])
})

test('a circle that hangs on types alone, or on what is exported again, is found', () => {
  const types = folderOf({
    'a.ts': "import type { B } from './b.ts'\nexport interface A { readonly b: B }\n",
    'b.ts': "import { type A } from './a.ts'\nexport interface B { readonly a: A }\n",
  })
  expect(circlesIn(arrowsIn(types))).toEqual([['a.ts', 'b.ts', 'a.ts']])
  const again = folderOf({ 'a.ts': "export { b } from './b.ts'\n", 'b.ts': "export type { A } from './a.ts'\n" })
  expect(circlesIn(arrowsIn(again))).toEqual([['a.ts', 'b.ts', 'a.ts']])
})

test('each circle is reported, and files beside them are not', () => {
  const arrows = new Map([
    ['top.ts', ['a.ts', 'c.ts']],
    ['a.ts', ['b.ts']],
    ['b.ts', ['a.ts', 'leaf.ts']],
    ['c.ts', ['d.ts']],
    ['d.ts', ['c.ts']],
    ['leaf.ts', []],
  ])
  expect(circlesIn(arrows)).toEqual([
    ['a.ts', 'b.ts', 'a.ts'],
    ['c.ts', 'd.ts', 'c.ts'],
  ])
})

test('two files that lead to a third are no circle', () => {
  const folder = folderOf({
    'a.ts': "import { c } from './c.ts'\nimport { b } from './b.ts'\n",
    'b.ts': "import { c } from './c.ts'\n",
    'c.ts': "import { readFileSync } from 'node:fs'\nexport const c = readFileSync\n",
  })
  expect(circlesIn(arrowsIn(folder))).toEqual([])
})

const ROOMS = {
  model: [],
  http: ['model'],
  checks: ['checks/lib', 'http'],
  'checks/lib': ['http', 'model'],
  main: ['checks'],
}

test('an import against the order of rooms is found', () => {
  const arrows = new Map([
    ['model/finding.ts', ['http/client.ts']],
    ['http/client.ts', ['model/finding.ts']],
    ['checks/fixation.ts', ['checks/lib/attempt.ts', 'http/client.ts']],
    ['checks/lib/attempt.ts', ['checks/fixation.ts']],
    ['main.ts', ['checks/fixation.ts', 'http/client.ts']],
  ])
  expect(climbsIn(arrows, ROOMS)).toEqual([
    'model/finding.ts imports http/client.ts: model may import no other room',
    'checks/lib/attempt.ts imports checks/fixation.ts: checks/lib may import http, model',
    'main.ts imports http/client.ts: main may import checks',
  ])
})

test('a file in no room, and a room without a file, are found', () => {
  const arrows = new Map([
    ['model/finding.ts', []],
    ['checks/fixation.ts', []],
    ['checks/lib/attempt.ts', []],
    ['main.ts', []],
    ['modelling.ts', []],
  ])
  expect(climbsIn(arrows, ROOMS)).toEqual(['modelling.ts is in no room', 'no file is in the room http'])
})

test('a folder without a table of rooms has no order', () => {
  expect(
    climbsIn(
      new Map([
        ['a.ts', ['b.ts']],
        ['b.ts', []],
      ]),
      {},
    ),
  ).toEqual([])
})

test('the figures of a folder', () => {
  expect(figuresOf([30, 10, 20, 100, 40])).toEqual([5, 200, 30, 100, 100])
  expect(figuresOf([])).toEqual([0, 0, 0, 0, 0])
})
