import { createRequire } from 'node:module'
import { writeHeapSnapshot } from 'node:v8'
import express from 'express'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { expressSessions } from '../../../src/adapters/express.ts'
import { memoryBus } from '../../../src/buses/memory.ts'
import { fileSink } from '../../../src/events/audit-log/file.ts'
import { auditLog } from '../../../src/events/audit-log.ts'
import { sessionMetrics } from '../../../src/events/metrics.ts'
import { measuredStore, telemetry } from '../../../src/events/telemetry.ts'
import { webhooks } from '../../../src/events/webhooks.ts'
import { anomaly } from '../../../src/guards/anomaly.ts'
import { describeDevice } from '../../../src/guards/device.ts'
import { deviceBound } from '../../../src/guards/device-bound.ts'
import { loginStatus } from '../../../src/guards/login-status.ts'
import { newDevice } from '../../../src/guards/new-device.ts'
import { rateLimits } from '../../../src/guards/rate-limits.ts'
import { sessionLimit } from '../../../src/guards/session-limit.ts'
import { createSessions, type Store } from '../../../src/index.ts'
import { retention } from '../../../src/privacy/retention.ts'
import { nearCache } from '../../../src/stores/around/near-cache.ts'
import { resilientStore } from '../../../src/stores/around/resilient.ts'
import { writeBehind } from '../../../src/stores/around/write-behind.ts'
import { connectStore } from '../../../src/stores/connect.ts'
import { type SqliteClient, sqliteStore } from '../../../src/stores/sqlite.ts'
import { storeFrom } from '../../../src/stores/url.ts'

/** An application that uses every part that keeps something. Arguments: JSON of these. */
interface Wanted {
  readonly store: string
  readonly sealed: boolean
  readonly audit: string
  readonly hook: string
}

const { store: url, sealed, audit, hook } = JSON.parse(process.argv[2] ?? '{}') as Wanted
/** Moves the clocks on, all of them. */
let aheadMs = 0
for (const clock of [Date, performance]) {
  const now = clock.now.bind(clock)
  clock.now = () => now() + aheadMs
}

const KEY = 'a key for the application of these tests'
const require = createRequire(import.meta.url)

async function open(): Promise<Store> {
  if (url === 'connect:') {
    const { MemoryStore } = require('express-session') as { MemoryStore: new () => never }
    return connectStore({ store: new MemoryStore() })
  }
  if (!url.startsWith('sqlite:')) return storeFrom(url)
  const Database = require('libsql') as new (path: string) => { exec(sql: string): void }
  const client = new Database(url.slice('sqlite:'.length))
  for (const pragma of ['journal_mode = WAL', 'secure_delete = ON']) client.exec(`PRAGMA ${pragma}`)
  return sqliteStore({ client: client as unknown as SqliteClient })
}

/** The bridge to other libraries' stores cannot enumerate, and lacks what some guards need. */
const raw = await open()
const isWhole = raw.scan !== undefined
const stack = writeBehind(nearCache(measuredStore(resilientStore(raw)), { bus: memoryBus() }))
const sessions = telemetry(
  createSessions<{ note?: string }>({
    store: isWhole ? retention(stack, { shortenAddress: '1d', dropPlaces: '1d' }) : stack,
    ...(!isWhole && { insecureStoreLacks: ['ended', 'lost-update', 'fresh-token', 'list'] }),
    sealed,
    keys: [KEY],
    describeDevice: describeDevice({ ip: 'full' }),
    guards: [
      anomaly(),
      deviceBound(),
      loginStatus(),
      rateLimits({
        creation: new RateLimiterMemory({ points: 1000, duration: 1 }),
        badTokens: new RateLimiterMemory({ points: 1000, duration: 1 }),
      }),
      ...(isWhole
        ? [
            newDevice({
              origin: 'https://shop.example',
              keys: [KEY],
              notify: () => undefined,
              disowned: () => undefined,
            }),
            sessionLimit({ most: 5, whenFull: 'end-oldest' }),
          ]
        : []),
    ],
    warn: () => undefined,
  }),
  { pseudonymKey: KEY },
)
const log = auditLog(sessions, { sink: fileSink({ path: audit }), keys: [KEY], pseudonymKey: KEY })
const hooks = webhooks(sessions, {
  endpoints: [{ url: hook, secret: `whsec_${Buffer.from(KEY).toString('base64')}` }],
  insecureHttp: true,
  attempts: 2,
  firstRetry: '10ms',
})
const metrics = sessionMetrics(sessions)

await sessions.setup()
await log.setup()

const app = express()
app.set('trust proxy', 1)
app.use(express.json())
app.use(expressSessions(sessions))
app.post('/login', async (req, res) => {
  const { user, note } = req.body as { user: string; note: string }
  req.session.data.note = note
  await req.session.login(user, { methods: ['pwd'] })
  res.end()
})
app.get('/', (req, res) => res.json({ user: req.session.userId, refused: req.session.refused }))
/** A request that is in flight while its user is erased, and edits the session afterwards. */
let release: () => void = () => undefined
app.get('/slow', async (req, res) => {
  const { note } = req.session.data
  await new Promise<void>((resolve) => {
    release = resolve
    console.log('waits')
  })
  req.session.data.note = `late ${note}`
  res.end()
})
app.post('/operator/:what', async (req, res) => {
  const { user = '', file = '' } = req.body as { user?: string; file?: string }
  if (req.params.what === 'export') return res.json(await sessions.export(user))
  if (req.params.what === 'erase') return res.json(await sessions.erase(user))
  if (req.params.what === 'wait') aheadMs += 2 * 3_600_000
  if (req.params.what === 'release') release()
  if (req.params.what === 'sweep') await sessions.sweep()
  if (req.params.what === 'settle') await Promise.allSettled([hooks.flush(), log.flush()])
  if (req.params.what === 'metrics') return res.end(await metrics.text())
  if (req.params.what === 'snapshot') {
    ;(globalThis as { gc?: () => void }).gc?.()
    writeHeapSnapshot(file)
  }
  return res.json(null)
})

const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number }
  console.log(`port ${port}`)
})
process.on('SIGTERM', async () => {
  server.closeAllConnections()
  server.close()
  await hooks.close().catch(() => undefined)
  await log.close().catch(() => undefined)
  await sessions.close()
  process.exit(0)
})
