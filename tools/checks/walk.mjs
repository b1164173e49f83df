import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../run.mjs'
import { measureWalk } from '../walk.mjs'

/** A line of the list: `- A write enters 24: also ...` */
const LINE = /^- A (\w+) enters (\d+)([\s\S]*?)(?=\n- |\n\n)/gm

/**
 * The files of each request in CONTRIBUTING.md. A write adds its files to those of a read; a login adds to and leaves out some of
 * those of the request that its line names.
 * @param {string} text
 * @returns {Record<string, { count: number, files: Set<string> }>}
 */
export function listedWalk(text) {
  /** @type {Record<string, { count: number, files: Set<string> }>} */
  const listed = {}
  for (const [, name = '', count, line = ''] of text.matchAll(LINE)) {
    const base = /those of a (\w+)/.exec(line)?.[1] ?? (line.startsWith(': also') ? 'read' : '')
    const files = new Set(listed[base]?.files)
    for (const [, file = ''] of line.matchAll(/`([^`]+)`/g)) if (!files.delete(`${file}.ts`)) files.add(`${file}.ts`)
    listed[name] = { count: Number(count), files }
  }
  return listed
}

/** Compares the files that CONTRIBUTING.md lists with those that a request enters. */
export async function checkWalk() {
  const listed = listedWalk(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8'))
  return Object.entries(await measureWalk()).flatMap(([name, entered]) => {
    const { count, files } = listed[name] ?? { count: 0, files: new Set() }
    const measured = entered.map(({ file }) => file)
    return [
      ...measured.filter((file) => !files.has(file)).map((file) => `a ${name} enters ${file}, which is not listed`),
      ...[...files].filter((file) => !measured.includes(file)).map((file) => `a ${name} does not enter ${file}`),
      ...(count === measured.length ? [] : [`a ${name} enters ${measured.length} files, not ${count}`]),
    ]
  })
}
