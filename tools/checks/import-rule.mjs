import { join, posix } from 'node:path'
import { importsOf, packageOf, reachOf } from '../modules.mjs'
import { filesOf, publicPackages } from '../packages.mjs'

/**
 * Which layers of the library may import which. Files outside every folder (`index.ts`) are the layer `index`.
 * @type {Record<string, readonly string[]>}
 */
const LAYERS = {
  core: ['core'],
  platform: ['platform', 'core'],
  stores: ['stores', 'core'],
  buses: ['buses', 'stores', 'core'],
  carriers: ['carriers', 'core'],
  // The session itself in the client's cookies.
  sealed: ['sealed', 'carriers', 'core'],
  // A guard may keep a cookie of its own.
  guards: ['guards', 'carriers', 'core'],
  // What happens to events after the request: logs, metrics, webhooks.
  events: ['events', 'guards', 'stores', 'core'],
  // What other servers say about sessions, and what we tell them.
  signals: ['signals', 'events', 'guards', 'stores', 'core'],
  // Signed tokens about sessions. Their keys are read as those of other servers are.
  tokens: ['tokens', 'signals', 'events', 'guards', 'stores', 'core'],
  // What a store may keep of a client's details, which guards describe.
  privacy: ['privacy', 'guards', 'core'],
  command: ['command', 'events', 'core'],
  index: ['index', 'core', 'stores', 'carriers', 'guards'],
  // Connections that outlive their request. They begin with one, so they take the adapters' views and responses.
  live: ['live', 'adapters', 'index', 'core', 'stores', 'carriers', 'guards'],
  adapters: ['adapters', 'index', 'core', 'stores', 'carriers', 'guards'],
}

/** The modules that may depend on Node: each a file, a folder, or a prefix of file names. */
const NODE_ONLY =
  /^(platform\/crypto\.node|stores\/_?(lmdb|redis|mysql)|adapters\/_?(node|express|fastify|koa|nestjs|react-router)|events\/audit-log\/(file|verify-files)|live\/(ws|socket-io)|tokens\/keys\/file-keys|sealed|command)[./-]/

/** The entries that run on every runtime. */
export const PORTABLE = [
  'index',
  'stores/memory',
  'stores/around/near-cache',
  'stores/kit',
  'stores/around/resilient',
  'stores/around/write-behind',
  'buses/memory',
  'buses/nats',
  'stores/cloudflare',
  'stores/sqlite',
  'stores/postgres',
  'carriers/cookie',
  'carriers/legacy/auth-js',
  'carriers/legacy/cookie-session',
  'carriers/legacy/express-session',
  'carriers/legacy/fastify-secure-session',
  'carriers/legacy/fastify-session',
  'carriers/legacy/hono-sessions',
  'carriers/legacy/iron-session',
  'carriers/legacy/koa-session',
  'carriers/legacy/session-table',
  'guards/anomaly',
  'guards/cross-origin',
  'guards/device-bound',
  'guards/login-status',
  'guards/new-device',
  'guards/rate-limits',
  'guards/session-limit',
  'guards/form-tokens',
  'guards/kit',
  'privacy/retention',
  'events/audit-log',
  'events/audit-log/postgres',
  'events/audit-log/sqlite',
  'events/telemetry',
  'events/webhooks',
  'events/metrics',
  'signals/shared-signals',
  'signals/back-channel-logout',
  'signals/global-token-revocation',
  'tokens/tokens',
  'tokens/verifier',
  'tokens/endpoints',
  'live/connections',
  'live/sse',
  'adapters/fetch',
  'adapters/hono',
  'adapters/sveltekit',
]

/** @param {string} file */
const layerOf = (file) => file.split('/').slice(0, -1)[0] ?? 'index'

/**
 * @param {string} file
 * @param {string} specifier
 * @param {ReadonlySet<string>} declared
 * @returns {string | null}
 */
function faultOf(file, specifier, declared) {
  const layer = layerOf(file)
  if (specifier === '#crypto') return layer === 'core' ? null : 'only core imports #crypto'
  if (specifier.startsWith('.')) {
    const target = layerOf(posix.join(posix.dirname(file), specifier))
    const allowed = LAYERS[layer] ?? []
    return allowed.includes(target) ? null : `${layer} imports only from: ${allowed.join(', ') || 'nowhere'}`
  }
  if (layer === 'core') return 'core imports nothing but itself'
  if (specifier.startsWith('node:')) return NODE_ONLY.test(file) ? null : 'this file must run without Node'
  return declared.has(packageOf(specifier)) ? null : 'it is not among dependencies or peerDependencies'
}

/**
 * @param {string} folder
 * @param {string} ending
 * @param {ReadonlySet<string>} declared
 */
function faultsIn(folder, ending, declared) {
  return filesOf(folder, ending).flatMap((file) =>
    importsOf(join(folder, file)).flatMap((specifier) => {
      const fault = faultOf(file, specifier, declared)
      return fault === null ? [] : [`${posix.basename(folder)}/${file} imports '${specifier}': ${fault}`]
    }),
  )
}

/** @param {string} dist */
function leaksIn(dist) {
  return PORTABLE.flatMap((entry) =>
    reachOf(dist, [`./${entry}.js`])
      .filter((found) => found.startsWith('node:'))
      .map((found) => `dist/${entry}.js leads to ${found}, but must run without Node`),
  )
}

/**
 * The auditor looks at applications from outside, Sojourn's own included: it must not share code with what it judges.
 * @param {import('../packages.mjs').Package} pkg
 */
function auditFaults({ folder, manifest }) {
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
  const inFolder = (/** @type {string} */ name, /** @type {string} */ ending) =>
    filesOf(join(folder, name), ending).flatMap((file) =>
      importsOf(join(folder, name, file))
        .filter((specifier) => !/^(node:|\.)/.test(specifier) && !declared.has(packageOf(specifier)))
        .map((specifier) => `audit/${name}/${file} imports '${specifier}': it is not among the package's dependencies`),
    )
  const named = [...declared].filter((name) => /^(@sojourn\/|sojourn$)/.test(name))
  return [...named.map((name) => `audit depends on ${name}`), ...inFolder('src', '.ts'), ...inFolder('dist', '.js')]
}

/** The import rule, over the sources and over what is built from them. */
export function checkImportRule() {
  return [...publicPackages().filter(isAudit).flatMap(auditFaults), ...libraryFaults()]
}

/** @param {import('../packages.mjs').Package} pkg */
const isAudit = ({ manifest }) => manifest.name === '@sojourn/audit'

function libraryFaults() {
  return publicPackages()
    .filter(({ manifest }) => manifest.name === 'sojourn')
    .flatMap(({ folder, manifest }) => {
      const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
      const dist = join(folder, 'dist')
      return [...faultsIn(join(folder, 'src'), '.ts', declared), ...faultsIn(dist, '.js', declared), ...leaksIn(dist)]
    })
}
