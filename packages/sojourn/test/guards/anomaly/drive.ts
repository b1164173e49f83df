import { createSessions, memoryStore, type RequestView } from 'sojourn'
import { type AnomalyLevel, type AnomalyOptions, anomaly } from 'sojourn/guards/anomaly'
import type { History, Step } from './history.ts'

export interface Found {
  readonly atMs: number
  readonly finding: string
  readonly score: number
  readonly level: AnomalyLevel
  readonly message: string
}

export interface Driven {
  /** Findings from the attack on, or all of an honest history. */
  readonly found: readonly Found[]
  readonly faults: number
  readonly requests: number
}

/** Runs a history through real sessions with the guard, and a clock that shows the time of each step. */
export async function drive({ steps, attackMs }: History, options: AnomalyOptions): Promise<Driven> {
  let now = steps[0]?.atMs ?? 0
  const guard = anomaly({ low: 'notify', medium: 'notify', high: 'notify', ...options })
  const sessions = createSessions({
    store: memoryStore(),
    clock: () => now,
    guards: [guard],
    insecureNoCrossOriginCheck: true,
    warn: () => {},
  })
  const found: Found[] = []
  let faults = 0
  sessions.on('finding', ({ at, finding, score, message }) => {
    const sure = score ?? 0
    const level = sure < 0.4 ? 'low' : sure < 0.7 ? 'medium' : 'high'
    found.push({ atMs: Number(at), finding, score: sure, level, message })
  })
  sessions.on('fault', () => {
    faults += 1
  })
  const jars = new Map<string, string>()
  for (const step of steps) {
    now = step.atMs
    await take(step)
  }
  await sessions.close()
  return { found: found.filter(({ atMs }) => attackMs === null || atMs >= attackMs), faults, requests: steps.length }

  async function take({ who, does, from, peer, agent }: Step): Promise<void> {
    if (does === 'copy') {
      jars.set(who, jars.get(from ?? '') ?? '')
      return
    }
    const cookie = does === 'forge' ? `__Host-session=${forged(who)}` : (jars.get(who) ?? '')
    const exchange = await sessions.open(toView(peer, agent, cookie))
    const { session } = exchange
    if (does === 'login') await session.login(who, { absolute: '14d' })
    if (does === 'logout') await session.logout()
    if (does === 'write') session.data.cart = ['tea']
    if (does === 'fail') guard.failed(session)
    if (does === 'privileged') guard.privileged(session)
    for (const { name, value } of await exchange.commit()) {
      if (name === 'set-cookie') jars.set(who, value.includes('Max-Age=0') ? '' : (value.split(';', 1)[0] ?? ''))
    }
  }
}

/** Has the form of a token, and differs for each visitor. */
function forged(who: string): string {
  return `${who.replace(/\D/g, '')}_`.padEnd(54, 'A')
}

function toView(peer: string, agent: string, cookie: string): RequestView {
  const headers: Readonly<Record<string, string>> = { host: 'shop.example', cookie, 'user-agent': agent }
  return { method: 'GET', url: '/', secure: true, peer, header: (name) => headers[name] || null }
}
