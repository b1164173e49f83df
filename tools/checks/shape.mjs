import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { importsOf } from '../modules.mjs'
import { filesOf } from '../packages.mjs'
import { root } from '../run.mjs'

/** @typedef {ReadonlyMap<string, readonly string[]>} Arrows which files a file imports, types included */
/** @typedef {Readonly<Record<string, readonly string[]>>} Rooms which rooms the files of a room may import, beside their own */

/** The rooms that the command line and the public entry of the auditor combine. */
const AUDITOR = [
  'audit-application',
  'checks',
  'checks/lib',
  'discover',
  'audit',
  'recipe',
  'http',
  'report',
  'judge',
  'model',
]

/**
 * The rooms of a folder. A room is a folder below it, or a file at its top, without the ending. A file belongs to the
 * longest name that fits it: `checks/lib/attempt.ts` to `checks/lib`, not to `checks`.
 * @type {Readonly<Record<string, Rooms>>}
 */
const ROOMS = {
  'packages/audit/src': {
    version: [],
    model: [],
    judge: ['model'],
    report: ['judge', 'model'],
    http: ['model'],
    recipe: ['http'],
    discover: ['recipe', 'http'],
    audit: ['recipe', 'http', 'model', 'version'],
    'checks/lib': ['audit', 'recipe', 'http', 'judge', 'model'],
    checks: ['checks/lib', 'audit', 'recipe', 'http', 'judge', 'model'],
    'audit-application': ['checks', 'checks/lib', 'discover', 'audit', 'recipe', 'http', 'judge', 'model'],
    cli: [...AUDITOR, 'version'],
    bin: ['cli'],
    index: AUDITOR,
  },
  'packages/sojourn/src/core': {
    contracts: [],
    lib: ['contracts'],
    token: ['lib', 'contracts'],
    data: ['token', 'lib', 'contracts'],
    request: ['data', 'token', 'lib', 'contracts'],
    sweeper: ['request', 'lib'],
    'create-sessions': ['sweeper', 'request', 'lib', 'contracts'],
  },
}

/** Where circles are searched. */
const SOURCES = [
  'packages/sojourn/src',
  'packages/audit/src',
  'packages/conformance/src',
  'bench/src',
  'examples/shop/src',
  'tools',
]

/** The sources of three libraries whose code reads well, counted in the same way: files, lines, median, 90th percentile, largest. */
const OTHERS = [
  ['jose', 56, 8875, 133, 333, 691],
  ['h3', 87, 13_781, 128, 337, 610],
  ['hono', 187, 25_693, 70, 319, 2778],
]

/**
 * The files of a folder, and what each imports of the same folder.
 * @param {string} folder
 * @returns {Arrows}
 */
export function arrowsIn(folder) {
  const files = ['.ts', '.mjs']
    .flatMap((ending) => filesOf(folder, ending))
    .filter((file) => !/(^|\/)(node_modules|dist)\//.test(file))
  const known = new Set(files)
  return new Map(
    files.map((file) => [
      file,
      importsOf(join(folder, file))
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => posix.join(posix.dirname(file), specifier))
        .filter((target) => known.has(target)),
    ]),
  )
}

/**
 * One circle through each file that is part of one, and through no file twice: the shortest.
 * @param {Arrows} arrows
 * @returns {string[][]} `['a.ts', 'b.ts', 'a.ts']`
 */
export function circlesIn(arrows) {
  const told = new Set()
  return [...arrows.keys()].flatMap((file) => {
    const circle = told.has(file) ? null : wayBack(file, arrows)
    for (const part of circle ?? []) told.add(part)
    return circle === null ? [] : [circle]
  })
}

/**
 * The shortest way from a file to itself.
 * @param {string} start
 * @param {Arrows} arrows
 */
function wayBack(start, arrows) {
  /** @type {string[][]} */
  let ways = [[start]]
  const seen = new Set()
  while (ways.length > 0) {
    /** @type {string[][]} */
    const longer = []
    for (const way of ways) {
      for (const next of arrows.get(way.at(-1) ?? '') ?? []) {
        if (next === start) return [...way, start]
        if (!seen.has(next)) longer.push([...way, next])
        seen.add(next)
      }
    }
    ways = longer
  }
  return null
}

/**
 * Imports that run against the order of rooms, files that are in no room, and rooms without a file.
 * @param {Arrows} arrows
 * @param {Rooms} rooms
 * @returns {string[]}
 */
export function climbsIn(arrows, rooms) {
  const names = Object.keys(rooms).sort((a, b) => b.length - a.length)
  if (names.length === 0) return []
  const roomOf = (/** @type {string} */ file) =>
    names.find((name) => file.startsWith(`${name}/`) || file.replace(/\.\w+$/, '') === name)
  const homeless = [...arrows.keys()].filter((file) => roomOf(file) === undefined)
  const used = new Set([...arrows.keys()].map(roomOf))
  return [
    ...homeless.map((file) => `${file} is in no room`),
    ...names.filter((name) => !used.has(name)).map((name) => `no file is in the room ${name}`),
    ...[...arrows].flatMap(([file, targets]) =>
      targets.flatMap((target) => {
        const from = roomOf(file)
        const to = roomOf(target)
        if (from === undefined || to === undefined || from === to || rooms[from]?.includes(to)) return []
        return [`${file} imports ${target}: ${from} may import ${rooms[from]?.join(', ') || 'no other room'}`]
      }),
    ),
  ]
}

/**
 * Files, lines, the median file, the file that nine in ten are not longer than, and the largest.
 * @param {readonly number[]} lengths
 * @returns {number[]}
 */
export function figuresOf(lengths) {
  const sorted = [...lengths].sort((a, b) => a - b)
  const at = (/** @type {number} */ share) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return [sorted.length, sorted.reduce((sum, lines) => sum + lines, 0), at(0.5), at(0.9), sorted.at(-1) ?? 0]
}

/** @param {string} folder */
function lengthsIn(folder) {
  return [...arrowsIn(join(root, folder)).keys()].map(
    (file) => readFileSync(join(root, folder, file), 'utf8').split('\n').length - 1,
  )
}

/** Shown, and not enforced: a number that falls is no aim by itself. */
function printFigures() {
  const rows = [
    ['', 'files', 'lines', 'median', '90th percentile', 'largest'],
    ...SOURCES.map((folder) => [folder, ...figuresOf(lengthsIn(folder))]),
    ...OTHERS,
  ]
  for (const [name, ...figures] of rows) {
    console.log(`  ${String(name).padEnd(26)}${figures.map((figure) => String(figure).padStart(16)).join('')}`)
  }
}

/** No circle of imports, types included, and no import against the order of rooms. */
export function checkShape() {
  printFigures()
  const circles = SOURCES.flatMap((folder) =>
    circlesIn(arrowsIn(join(root, folder))).map((circle) => `${folder}: a circle of imports: ${circle.join(' -> ')}`),
  )
  const climbs = Object.entries(ROOMS).flatMap(([folder, rooms]) =>
    existsSync(join(root, folder))
      ? climbsIn(arrowsIn(join(root, folder)), rooms).map((climb) => `${folder}: ${climb}`)
      : [`${folder} is not there`],
  )
  return [...circles, ...climbs]
}
