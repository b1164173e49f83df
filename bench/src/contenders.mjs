/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {'node' | 'express' | 'fastify' | 'hono'} framework
 * @property {'bare' | 'bound' | 'sojourn' | 'peer'} kind
 * @property {'none' | 'memory' | 'lmdb' | 'cookie'} store
 * @property {string} file The module in `contenders/` whose `start` begins it.
 * @property {Readonly<Record<string, unknown>>} [options] For `start`, beside the store.
 * @property {string} gives What it guarantees where that differs from the others.
 */

/**
 * @typedef {object} StartOptions
 * @property {string} store
 * @property {string} folder An empty folder of its own.
 */

/** @typedef {{ port: number, close(): unknown }} Running */

const FRAMEWORKS = /** @type {const} */ (['node', 'express', 'fastify', 'hono'])

const BARE = 'no session: a constant answer, and a constant cookie on /new'
const MAP_BOUND = 'hashed key; no limits, no expiry, one live object shared by all requests, lost at exit'
const LMDB_BOUND = 'hashed key; no limits, no expiry, last writer wins; durable across a killed process'
const SOJOURN = 'the guarantees of the design, at the defaults; '

/**
 * @param {Contender['framework']} framework
 * @returns {Contender[]} in the order they run: the bare server stands next to what is compared with it.
 */
function ours(framework) {
  return [
    { name: `${framework}-bare`, framework, kind: 'bare', store: 'none', file: `${framework}-bare`, gives: BARE },
    {
      name: `${framework}-lb-map`,
      framework,
      kind: 'bound',
      store: 'memory',
      file: `${framework}-bound`,
      gives: MAP_BOUND,
    },
    {
      name: `${framework}-sojourn-memory`,
      framework,
      kind: 'sojourn',
      store: 'memory',
      file: `${framework}-sojourn`,
      gives: `${SOJOURN}lost at exit`,
    },
    {
      name: `${framework}-lb-lmdb`,
      framework,
      kind: 'bound',
      store: 'lmdb',
      file: `${framework}-bound`,
      gives: LMDB_BOUND,
    },
    {
      name: `${framework}-sojourn-lmdb`,
      framework,
      kind: 'sojourn',
      store: 'lmdb',
      file: `${framework}-sojourn`,
      gives: `${SOJOURN}durable across a killed process`,
    },
  ]
}

/** @type {readonly Contender[]} */
const PEERS = [
  {
    name: 'iron-session',
    framework: 'node',
    kind: 'peer',
    store: 'cookie',
    file: 'iron-session',
    gives: 'encrypted cookie; logout cannot end a copied cookie; one limit',
  },
  {
    name: 'express-session',
    framework: 'express',
    kind: 'peer',
    store: 'memory',
    file: 'express-session',
    gives: 'signed id, kept in the clear; idle limit only; whole session last writer wins; lost at exit',
  },
  {
    name: 'fastify-session',
    framework: 'fastify',
    kind: 'peer',
    store: 'memory',
    file: 'fastify-session',
    gives: 'signed id, kept in the clear; rolling (default), so every request saves; lost at exit',
  },
  {
    name: 'fastify-session-norolling',
    framework: 'fastify',
    kind: 'peer',
    store: 'memory',
    file: 'fastify-session',
    options: { rolling: false },
    gives: 'as fastify-session, with rolling: false: reads do not save',
  },
  {
    name: 'fastify-secure-session',
    framework: 'fastify',
    kind: 'peer',
    store: 'cookie',
    file: 'fastify-secure-session',
    gives: 'encrypted cookie; logout cannot end a copied cookie; one limit',
  },
  {
    name: 'hono-sessions-memory',
    framework: 'hono',
    kind: 'peer',
    store: 'memory',
    file: 'hono-sessions',
    gives: 'plain id, kept in the clear; idle limit only; one live object shared by all requests; lost at exit',
  },
  {
    name: 'hono-sessions-cookie',
    framework: 'hono',
    kind: 'peer',
    store: 'cookie',
    file: 'hono-sessions',
    gives: 'encrypted cookie; logout cannot end a copied cookie; idle limit only',
  },
]

/** @type {readonly Contender[]} */
export const contenders = FRAMEWORKS.flatMap((framework) => [
  ...ours(framework),
  ...PEERS.filter((peer) => peer.framework === framework),
])

/**
 * @param {string} name
 * @returns {Contender}
 */
export function contenderNamed(name) {
  const found = contenders.find((contender) => contender.name === name)
  if (found === undefined) throw new Error(`No contender is called '${name}'.`)
  return found
}

/**
 * A store, a framework or a part of a name; the bare servers of what is left come along, for added cost is measured against them.
 *
 * @param {string | null} only
 * @returns {Contender[]}
 */
export function select(only) {
  if (only === null) return [...contenders]
  const wanted = contenders.filter(
    ({ kind, store, framework, name }) =>
      kind !== 'bare' && (store === only || framework === only || name.includes(only)),
  )
  const frameworks = new Set(wanted.map(({ framework }) => framework))
  return contenders.filter(
    (contender) => wanted.includes(contender) || (contender.kind === 'bare' && frameworks.has(contender.framework)),
  )
}

/**
 * @param {Contender} contender
 * @param {string} folder
 * @returns {Promise<Running>}
 */
export async function start(contender, folder) {
  const module = await import(new URL(`./contenders/${contender.file}.mjs`, import.meta.url).href)
  return await module.start({ ...contender.options, store: contender.store, folder })
}
