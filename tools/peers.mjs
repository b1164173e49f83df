/**
 * The peers of the library: which versions package.json allows, and the oldest and the latest that are tested
 * (`tools/peers/oldest`, `tools/peers/latest`). `npm run check` compares all three, and the tables of two documents.
 * `node tools/peers.mjs` writes the tables.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './run.mjs'

/** @typedef {'oldest' | 'latest'} Age */

export const PEERS = 'tools/peers'

/** The document that shows a peer. What is not a peer is typed by its members, and used without being imported. */
const PAGES = {
  'docs/reference/stores.md': [
    'lmdb',
    'redis',
    'ioredis',
    'iovalkey',
    'pg',
    'postgres',
    'mysql2',
    'better-sqlite3',
    '@libsql/client',
    '@aws-sdk/client-dynamodb',
  ],
  'docs/reference/adapters.md': ['express', 'fastify', 'hono', 'koa', '@nestjs/common', '@nestjs/core', 'next'],
  'docs/reference/guards.md': ['jose'],
  'docs/reference/live.md': ['ws', 'socket.io'],
  'docs/how-to/measure-sessions.md': ['@opentelemetry/api'],
  'docs/how-to/move-from-express-session.md': ['@babel/parser'],
}

const TABLE = /(<!-- peers: [^\n]*-->\n)[\s\S]*?(<!-- end of peers -->)/

/** @param {string} file */
const readManifest = (file) => JSON.parse(readFileSync(join(root, file, 'package.json'), 'utf8'))

/**
 * @param {Age} age
 * @returns {Record<string, string>}
 */
export const peersOf = (age) => readManifest(`${PEERS}/${age}`).dependencies

/** @returns {Record<string, string>} */
const allowed = () => readManifest('packages/sojourn').peerDependencies

/** @param {readonly string[]} names */
function toTable(names) {
  const [ranges, oldest, latest] = [allowed(), peersOf('oldest'), peersOf('latest')]
  const rows = names.map((name) => {
    const range = ranges[name]?.replaceAll('||', 'or') ?? 'any'
    return `| \`${name}\` | ${range} | ${oldest[name]} and ${latest[name]} |\n`
  })
  return `| package | allowed | tested |\n|---|---|---|\n${rows.join('')}`
}

/** @param {string} page @param {readonly string[]} names */
function wanted(page, names) {
  return readFileSync(join(root, page), 'utf8').replace(TABLE, (_, begin, end) => begin + toTable(names) + end)
}

/**
 * A range begins with the oldest version that was tested, and ends with the major version of the latest.
 * @param {string} name
 * @param {string} range
 */
function rangeProblems(name, range) {
  const [oldest, latest] = [peersOf('oldest')[name], peersOf('latest')[name]]
  if (oldest === undefined || latest === undefined) return [`${name} is a peer, but ${PEERS} does not test it`]
  const majors = [...range.matchAll(/\^(\d+)/g)].map(([, major]) => major)
  const wrongs = []
  if (/\d+\.\d+\.\d+/.exec(range)?.[0] !== oldest)
    wrongs.push(`begins with another version than the oldest tested, ${oldest}`)
  if (majors.at(-1) !== latest.split('.')[0])
    wrongs.push(`ends with another major version than the latest tested, ${latest}`)
  return wrongs.map((wrong) => `packages/sojourn/package.json: ${name} ${range} ${wrong}`)
}

export function checkPeers() {
  const shown = new Set(Object.values(PAGES).flat())
  const ranges = Object.entries(allowed())
  return [
    ...ranges.flatMap(([name, range]) => rangeProblems(name, range)),
    ...ranges
      .filter(([name]) => !shown.has(name))
      .map(([name]) => `${name} is a peer, but no document shows its versions`),
    ...Object.entries(PAGES)
      .filter(([page, names]) => wanted(page, names) !== readFileSync(join(root, page), 'utf8'))
      .map(([page]) => `${page} shows other versions than package.json and ${PEERS}. Write them: node tools/peers.mjs`),
  ]
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [page, names] of Object.entries(PAGES)) writeFileSync(join(root, page), wanted(page, names))
}
