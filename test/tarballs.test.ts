import { describe, expect, test } from 'vitest'
import { contentProblems } from '../tools/checks/contents.mjs'

/** A tarball of `@sojourn/conformance` as it should be, with these changes; `null` leaves a file out. */
function problemsWith(changes: Readonly<Record<string, string | null>>): string[] {
  const files: Record<string, string | null> = {
    'package.json': '{}',
    'README.md': '[npm](https://www.npmjs.com)',
    'CHANGELOG.md': '',
    LICENSE: '',
    'dist/index.js': '',
    'dist/index.js.map': JSON.stringify({ sources: ['../src/index.ts'] }),
    'dist/index.d.ts': '',
    'src/index.ts': '',
    ...changes,
  }
  const top = '/node_modules/@sojourn/conformance/'
  const there = Object.keys(files).filter((file) => files[file] !== null)
  return contentProblems({
    packageName: '@sojourn/conformance',
    listFiles: () => there.map((file) => top + file),
    readFile: (file: string) => files[file.slice(top.length)] ?? '',
  })
}

describe('what is in a tarball', () => {
  test('files that belong there are right', () => {
    expect(problemsWith({})).toEqual([])
  })

  test.each([
    ['a test', { 'test/index.test.ts': '' }, /test\/index\.test\.ts does not belong/],
    ['a test beside a source', { 'src/index.test.ts': '' }, /src\/index\.test\.ts does not belong/],
    ['the notes of the compiler', { 'dist/.tsbuildinfo': '' }, /\.tsbuildinfo does not belong/],
    ['no licence', { LICENSE: null }, /it has no \^LICENSE/],
    ['no change log', { 'CHANGELOG.md': null }, /it has no \^CHANGELOG/],
    ['no sources', { 'src/index.ts': null }, /dist\/index\.js\.map names src\/index\.ts, which is not packed/],
    ['a link that npm cannot follow', { 'README.md': '[guide](docs/guide.md)' }, /README\.md links to docs\/guide\.md/],
    ['a link to a page that is not packed', { 'CHANGELOG.md': '[a](docs/a.md#b)' }, /links to docs\/a\.md/],
  ] as const)('%s is found', (_, changes, message) => {
    expect(problemsWith(changes).join('\n')).toMatch(message)
  })
})
