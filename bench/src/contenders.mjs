/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {'node' | 'express' | 'fastify' | 'hono'} framework
 * @property {'bare' | 'bound' | 'sojourn' | 'peer'} kind
 * @property {'none' | 'memory' | 'lmdb' | 'cookie' | 'redis' | 'ioredis' | 'postgres' | 'near-cache'} store
 * @property {string} file The module in `contenders/` whose `start` begins it.
 * @property {Readonly<Record<string, unknown>>} [options] For `start`, beside the store.
 * @property {number} [asked] How many of the stored sessions are asked in turn; all when left out.
 */

/**
 * @typedef {object} StartOptions
 * @property {string} store
 * @property {string} folder An empty folder of its own.
 * @property {string} name The contender's, for what it keeps in a database that it shares.
 * @property {string} redis The URL of a server; what has another's name is another's.
 * @property {string} postgres The URL of an empty database of its own.
 */

/** @typedef {{ port: number, close(): unknown }} Running */

export const FRAMEWORKS = /** @type {const} */ (['node', 'express', 'fastify', 'hono'])

/**
 * @param {Contender['framework']} framework
 * @returns {Contender[]} in the order they run: the bare server stands next to what is compared with it.
 */
function ours(framework) {
  return [
    { name: `${framework}-bare`, framework, kind: 'bare', store: 'none', file: `${framework}-bare` },
    { name: `${framework}-lb-map`, framework, kind: 'bound', store: 'memory', file: `${framework}-bound` },
    { name: `${framework}-sojourn-memory`, framework, kind: 'sojourn', store: 'memory', file: `${framework}-sojourn` },
    { name: `${framework}-lb-lmdb`, framework, kind: 'bound', store: 'lmdb', file: `${framework}-bound` },
    { name: `${framework}-sojourn-lmdb`, framework, kind: 'sojourn', store: 'lmdb', file: `${framework}-sojourn` },
  ]
}

/** @param {Contender['framework']} framework @returns {Contender[]} */
function remote(framework) {
  const [bound, file] = [`${framework}-bound`, `${framework}-sojourn`]
  return [
    { name: `${framework}-lb-redis`, framework, kind: 'bound', store: 'redis', file: bound },
    { name: `${framework}-sojourn-redis`, framework, kind: 'sojourn', store: 'redis', file },
    { name: `${framework}-lb-ioredis`, framework, kind: 'bound', store: 'ioredis', file: bound },
    { name: `${framework}-sojourn-ioredis`, framework, kind: 'sojourn', store: 'ioredis', file },
    { name: `${framework}-lb-postgres`, framework, kind: 'bound', store: 'postgres', file: bound },
    { name: `${framework}-sojourn-postgres`, framework, kind: 'sojourn', store: 'postgres', file },
    // It answers for a second what it has read. With more sessions than are requested within a second, this would measure Redis.
    { name: `${framework}-sojourn-near-cache`, framework, kind: 'sojourn', store: 'near-cache', file, asked: 200 },
  ]
}

/** @type {readonly Contender[]} */
const PEERS = [
  { name: 'iron-session', framework: 'node', kind: 'peer', store: 'cookie', file: 'iron-session' },
  { name: 'express-session', framework: 'express', kind: 'peer', store: 'memory', file: 'express-session' },
  { name: 'express-session-redis', framework: 'express', kind: 'peer', store: 'redis', file: 'express-session' },
  { name: 'express-session-postgres', framework: 'express', kind: 'peer', store: 'postgres', file: 'express-session' },
  { name: 'fastify-session', framework: 'fastify', kind: 'peer', store: 'memory', file: 'fastify-session' },
  { name: 'fastify-session-redis', framework: 'fastify', kind: 'peer', store: 'redis', file: 'fastify-session' },
  {
    name: 'fastify-session-norolling',
    framework: 'fastify',
    kind: 'peer',
    store: 'memory',
    file: 'fastify-session',
    options: { rolling: false },
  },
  {
    name: 'fastify-session-redis-norolling',
    framework: 'fastify',
    kind: 'peer',
    store: 'redis',
    file: 'fastify-session',
    options: { rolling: false },
  },
  { name: 'fastify-session-postgres', framework: 'fastify', kind: 'peer', store: 'postgres', file: 'fastify-session' },
  {
    name: 'fastify-secure-session',
    framework: 'fastify',
    kind: 'peer',
    store: 'cookie',
    file: 'fastify-secure-session',
  },
  { name: 'hono-sessions-memory', framework: 'hono', kind: 'peer', store: 'memory', file: 'hono-sessions' },
  { name: 'hono-sessions-cookie', framework: 'hono', kind: 'peer', store: 'cookie', file: 'hono-sessions' },
]

/** @type {readonly Contender[]} */
export const contenders = FRAMEWORKS.flatMap((framework) => [
  ...ours(framework),
  ...remote(framework),
  ...PEERS.filter((peer) => peer.framework === framework),
])

/** @param {Contender['store']} store @returns {string} which stores it is compared with: all that talk to Redis are alike. */
export function storeFamily(store) {
  return store === 'ioredis' || store === 'near-cache' ? 'redis' : store
}

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
 * A store, a framework or a part of a name. The bare servers of these come along, because added cost is measured against them.
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
 * @param {Pick<StartOptions, 'folder' | 'redis' | 'postgres'>} place
 * @returns {Promise<Running>}
 */
export async function start(contender, place) {
  const module = await import(new URL(`./contenders/${contender.file}.mjs`, import.meta.url).href)
  const { name, store } = contender
  return await module.start({ ...contender.options, ...place, name, store })
}
