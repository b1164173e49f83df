/**
 * `node bench/attacks/run.mjs`: every attack on every application. `node bench/attacks/run.mjs fixation express-session` runs one.
 * `--write` writes the table of `bench/attacks/README.md`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ATTACKS } from './attacks.mjs'
import { beginTime, endTime } from './time.mjs'

/** @typedef {'default' | 'careful'} Kind */
/** @typedef {{ library: string, kind: Kind, start: (kind: Kind) => Promise<import('./serve.mjs').Target> }} Application */
/** @typedef {Readonly<Record<string, readonly (boolean | null)[]>>} Results by attack, in the order of the applications */

const LIBRARIES = ['sojourn', 'express-session', 'fastify-session', 'iron-session', 'better-auth']
const NAMES = /** @type {Readonly<Record<string, string>>} */ ({
  sojourn: 'sojourn',
  'fastify-session': '@fastify/session',
})

/** @returns {Promise<readonly Application[]>} */
export async function applications() {
  const all = await Promise.all(
    LIBRARIES.map(async (library) => {
      const { start } = await import(`./applications/${library}.mjs`)
      /** @type {readonly Kind[]} */
      const kinds = library === 'sojourn' ? ['default'] : ['default', 'careful']
      return kinds.map((kind) => ({ library, kind, start }))
    }),
  )
  return all.flat()
}

/**
 * @param {Application} application
 * @param {import('./attacks.mjs').Attack} attack
 */
export async function attackOne({ library, kind, start }, attack) {
  beginTime()
  const target = await start(kind)
  try {
    return await attack.run(target)
  } catch (error) {
    throw new Error(`${attack.name} on ${library} (${kind}) did not come to an end.`, { cause: error })
  } finally {
    await target.close()
    endTime()
  }
}

/** @returns {Promise<Results>} */
export async function attackAll() {
  const targets = await applications()
  /** @type {Record<string, (boolean | null)[]>} */
  const results = {}
  for (const attack of ATTACKS) {
    results[attack.name] = []
    for (const target of targets) results[attack.name]?.push(await attackOne(target, attack))
  }
  return results
}

/** @type {ReadonlyMap<boolean | null, string>} */
const WORDS = new Map([
  [true, '**works**'],
  [false, 'fails'],
  [null, 'no such data'],
])

const PAGE = fileURLToPath(new URL('README.md', import.meta.url))
const TABLE = /(<!-- attacks: [^\n]*-->\n)([\s\S]*?)(<!-- end of attacks -->)/

/** The table that the page shows. */
export const shownTable = () => TABLE.exec(readFileSync(PAGE, 'utf8'))?.[2] ?? ''

/** @param {Results} results */
export async function toTable(results) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |\n`
  const targets = await applications()
  const heads = LIBRARIES.map((library) => {
    const name = NAMES[library] ?? library
    return `${library === 'sojourn' ? 'Sojourn' : name} ${manifestOf(name).version}`
  })
  const cells = (/** @type {readonly (boolean | null)[]} */ works) =>
    LIBRARIES.map((library) => {
      const [first = '', careful = first] = works.flatMap((one, i) =>
        targets[i]?.library === library ? [WORDS.get(one) ?? ''] : [],
      )
      return careful === first ? first : `${first}; careful: ${careful}`
    })
  return [
    line(['attack', ...heads]),
    `|---|${'---|'.repeat(heads.length)}\n`,
    ...ATTACKS.map(({ name, title }) => line([title, ...cells(results[name] ?? [])])),
  ].join('')
}

/**
 * Not every package exports its manifest.
 * @param {string} name
 * @returns {{ version: string }}
 */
function manifestOf(name) {
  const folder = createRequire(import.meta.url)
    .resolve.paths(name)
    ?.find((path) => {
      try {
        readFileSync(`${path}/${name}/package.json`)
        return true
      } catch {
        return false
      }
    })
  return JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8'))
}

async function main() {
  const [attackName, library] = process.argv.slice(2).filter((word) => !word.startsWith('--'))
  if (process.argv.includes('--write')) {
    const table = await toTable(await attackAll())
    writeFileSync(
      PAGE,
      readFileSync(PAGE, 'utf8').replace(TABLE, (_, begin, __, end) => begin + table + end),
    )
    return
  }
  const targets = (await applications()).filter((one) => library === undefined || one.library === library)
  for (const attack of ATTACKS.filter(({ name }) => attackName === undefined || name === attackName)) {
    console.log(attack.title)
    for (const target of targets) {
      console.log(`  ${WORDS.get(await attackOne(target, attack))}  ${target.library}, ${target.kind}`)
    }
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
