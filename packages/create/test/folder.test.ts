import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { nameOf, whyNotIn } from '../src/folder.ts'
import { toWord } from '../src/shell.ts'
import { writeFiles } from '../src/write-files.ts'

const home = mkdtempSync(join(tmpdir(), 'sojourn-create-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('the name of the package', () => {
  test.each([
    ['my-app', 'my-app'],
    ['apps/shop', 'shop'],
    ['a.b_c', 'a.b_c'],
    ['MyShop', 'myshop'],
    ['My Shop #1 (50%)', 'my-shop-1-50'],
    ['Café', 'cafe'],
    ['.hidden', 'hidden'],
    ['--x--', 'x'],
    ['магазин', 'app'],
    ['x'.repeat(250), 'x'.repeat(200)],
  ])('of %j is %s', (folder, name) => {
    expect(nameOf(join(home, folder))).toBe(name)
  })

  test.each(['express', 'sojourn', 'Hono'])(
    'of %j is not that of a package that the application installs',
    (folder) => {
      expect(nameOf(folder)).toBe(`${folder.toLowerCase()}-app`)
    },
  )
})

describe('a folder', () => {
  test.each(['app', 'apps/shop', './shop', '/srv/shop2', 'My Shop #1', 'ä', '.'])('%j is right', (folder) => {
    expect(whyNotIn(folder === '.' ? home : folder)).toBeNull()
  })

  test.each([
    ['', /Give the folder a name/],
    [' ', /Give the folder a name/],
    ['what?', /do not allow "\?"/],
    ['a\nb', /do not allow "\\n"/],
    ['CON', /Windows does not allow "CON"/],
    ['con.txt', /Windows does not allow/],
    ['apps/Lpt1', /Windows does not allow "Lpt1"/],
    ['app.', /Windows does not allow "app\."/],
    ['app ', /Windows does not allow "app "/],
    ['node_modules', /is in node_modules/],
    ['node_modules/x', /is in node_modules/],
  ])('%j is refused', (folder, reason) => {
    expect(whyNotIn(folder)).toMatch(reason)
  })

  test('in which npm would find no commands is refused', () => {
    expect(whyNotIn(process.platform === 'win32' ? 'a;b/app' : 'a:b/app')).toMatch(/npm finds no commands/)
  })

  test('that holds a fresh repository is taken, and one with a file of yours is not', () => {
    const folder = join(home, 'cloned')
    mkdirSync(join(folder, '.git'), { recursive: true })
    writeFileSync(join(folder, '.DS_Store'), '')
    expect(whyNotIn(folder)).toBeNull()
    writeFileSync(join(folder, 'README.md'), 'mine')
    expect(whyNotIn(folder)).toMatch(/is not empty: it has README\.md/)
  })
})

describe('files that cannot be written', () => {
  const files = new Map([
    ['src/one.ts', '1'],
    ['src/two.ts', '2'],
    ['src/two.ts/three.ts', '3'],
  ])

  test('leave no half application', () => {
    const folder = join(home, 'new', 'app')
    expect(() => writeFiles(folder, files)).toThrow(/cannot be written .* and is left as it was/)
    expect(existsSync(join(home, 'new'))).toBe(false)
  })

  test('leave a folder that was there, with what it had', () => {
    const folder = join(home, 'there')
    mkdirSync(join(folder, '.git'), { recursive: true })
    expect(() => writeFiles(folder, files)).toThrow(/is left as it was/)
    expect(readdirSync(folder)).toEqual(['.git'])
  })

  test.each(['a link that leads nowhere', 'a file where a folder should be'])('because of %s are explained', (what) => {
    const path = join(home, what)
    if (what.startsWith('a link')) symlinkSync(join(home, 'gone'), path)
    else writeFileSync(path, 'mine')
    expect(() => writeFiles(join(path, 'app'), files)).toThrow(/cannot be written/)
  })
})

test.each([
  ['my-app', 'my-app', 'my-app'],
  ['my shop', "'my shop'", '"my shop"'],
  ["it's", String.raw`'it'\''s'`, `"it's"`],
  ['$HOME', "'$HOME'", '"$HOME"'],
  ['-x', './-x', './-x'],
])('%s is one word of a command line', (path, posix, windows) => {
  expect([toWord(path, 'linux'), toWord(path, 'win32')]).toEqual([posix, windows])
})
