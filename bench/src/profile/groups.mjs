/**
 * Where a server's time and memory go, from V8's profiles. Pure.
 *
 * @typedef {object} Shares What a request takes, in µs or in bytes.
 * @property {Record<string, number>} groups By part of the library, package, or part of Node.
 * @property {Record<string, number>} functions By function and file, of those in a file.
 */

/** Time in which nothing ran. */
const IDLE = new Set(['(idle)', '(root)'])
/** What V8 calls its own doings. */
const OWN = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'system calls, native code'],
])
const OTHERS = 'other threads'
const LIBRARY = '/packages/sojourn/dist/'
const PACKAGES = '/node_modules/'
/** @type {readonly (readonly [RegExp, string])[]} */
const PARTS_OF_NODE = [
  [/http/, 'node:http'],
  [/net\b|stream|uv/, 'node:net'],
  [/crypto/, 'node:crypto'],
  [/buffer|string_decoder|encoding/, 'node:buffer'],
  [/timers|process|async_hooks|events|task_queues/, 'node:events'],
]

/**
 * @param {{ functionName: string, url: string }} frame
 * @returns {string | null} `null`: it has none of its own, as the functions that are built into V8.
 */
export function groupOf({ functionName, url }) {
  const own = OWN.get(functionName)
  if (own !== undefined) return own
  if (url === '') return null
  if (url.startsWith('node:')) return PARTS_OF_NODE.find(([pattern]) => pattern.test(url))?.[1] ?? 'node: other'
  const inLibrary = url.lastIndexOf(LIBRARY)
  if (inLibrary >= 0) return partOfLibrary(url.slice(inLibrary + LIBRARY.length))
  const inPackages = url.lastIndexOf(PACKAGES)
  if (inPackages >= 0) return packageOf(url.slice(inPackages + PACKAGES.length))
  return 'handler'
}

/** @param {string} path `core/request/commit.js` @returns {string} `sojourn: core/request` */
function partOfLibrary(path) {
  const [room = '', part = ''] = path.split('/')
  return `sojourn: ${part === '' || room === 'platform' ? room : `${room}/${part}`}`.replace(/\.js$/, '')
}

/** @param {string} path `@redis/client/dist/lib/client.js` */
function packageOf(path) {
  const [first = '', second = ''] = path.split('/')
  return first.startsWith('@') ? `${first}/${second}` : first
}

/**
 * The profiler looks at the main thread's clock, not at its CPU. On a busy machine its figures are too large, because the thread
 * waits for a processor now and then, no matter in which function. So all are reduced to the CPU that the thread used.
 *
 * @param {import('./profiler.mjs').CpuProfile} profile
 * @param {number} requests How many were answered while it was taken.
 * @param {{ mainUs: number, othersUs: number }} threads CPU of the main thread meanwhile, and of all others for each request.
 * @returns {Shares} µs.
 */
export function shareCpu({ nodes, samples = [], timeDeltas = [] }, requests, { mainUs, othersUs }) {
  const idle = new Set(nodes.filter(({ callFrame }) => IDLE.has(callFrame.functionName)).map(({ id }) => id))
  /** @type {Map<number, number>} */
  const spent = new Map()
  let clockUs = 0
  // A sample lasts until the next one.
  samples.forEach((id, index) => {
    const us = timeDeltas[index + 1] ?? 0
    spent.set(id, (spent.get(id) ?? 0) + us)
    if (!idle.has(id)) clockUs += us
  })
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const scale = Math.min(1, mainUs / clockUs) / requests
  const { groups, functions } = share(
    nodes[0] ?? null,
    (node) => (node.children ?? []).flatMap((id) => byId.get(id) ?? []),
    (node) => (spent.get(node.id) ?? 0) * scale,
  )
  return othersUs > 0 ? { groups: { ...groups, [OTHERS]: othersUs }, functions } : { groups, functions }
}

/**
 * @param {import('./profiler.mjs').HeapProfile} profile
 * @param {number} requests
 * @returns {Shares} bytes.
 */
export function shareHeap({ head }, requests) {
  return share(
    head,
    (node) => node.children,
    (node) => node.selfSize / requests,
  )
}

/**
 * What is built into V8 counts as its caller's.
 *
 * @template {{ callFrame: { functionName: string, url: string, lineNumber: number } }} Node
 * @param {Node | null} root
 * @param {(node: Node) => readonly Node[]} childrenOf
 * @param {(node: Node) => number} selfOf
 * @returns {Shares}
 */
function share(root, childrenOf, selfOf) {
  /** @type {Record<string, number>} */
  const groups = {}
  /** @type {Record<string, number>} */
  const functions = {}
  /** @type {(node: Node, group: string, place: string) => void} */
  const visit = (node, callerGroup, callerPlace) => {
    const frame = node.callFrame
    const own = groupOf(frame)
    const group = own ?? callerGroup
    const place = own === null ? callerPlace : placeOf(frame)
    const self = IDLE.has(frame.functionName) ? 0 : selfOf(node)
    if (self > 0) {
      groups[group] = (groups[group] ?? 0) + self
      functions[place] = (functions[place] ?? 0) + self
    }
    for (const child of childrenOf(node)) visit(child, group, place)
  }
  if (root !== null) visit(root, 'system calls, native code', '(native)')
  return { groups, functions }
}

/** @param {{ functionName: string, url: string, lineNumber: number }} frame */
function placeOf({ functionName, url, lineNumber }) {
  if (url === '') return functionName
  const file = url.replace(/^.*\/(?:packages\/sojourn\/dist|node_modules|bench\/src)\//, '')
  return `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`
}

/**
 * @param {Record<string, number>} own
 * @param {Record<string, number>} bare
 * @returns {{ name: string, own: number, over: number }[]} the largest difference first.
 */
export function compare(own, bare) {
  const names = new Set([...Object.keys(own), ...Object.keys(bare)])
  return Array.from(names, (name) => ({
    name,
    own: own[name] ?? 0,
    over: (own[name] ?? 0) - (bare[name] ?? 0),
  })).sort((a, b) => b.over - a.over)
}
