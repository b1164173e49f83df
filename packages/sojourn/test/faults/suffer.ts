import { type Crowd, createCrowd, type Violation } from '@sojourn/conformance'
import type { Scenario } from './deployment.ts'

/** How long a run lasts, and how many take part in it. */
export interface Pace {
  readonly clients: number
  readonly pauseMs: number
  readonly seed: number
  /** Requests answered before the trouble begins. */
  readonly warmRequests: number
  /** How long, without a failure, counts as recovered; and when waiting for that ends. */
  readonly calmMs: number
  readonly patienceMs: number
}

/** What came of one scenario: a line of the table. */
export interface Outcome {
  readonly store: string
  readonly fault: string
  readonly clients: number
  readonly requests: number
  readonly sessions: number
  /** Requests that failed with a typed error, by its code. */
  readonly failures: Readonly<Record<string, number>>
  readonly struckForMs: number
  /** Until when requests failed, counted from where the scenario says. */
  readonly recoveredMs: number
  /** What the engine does not promise to keep, and did not. */
  readonly allowedLosses: number
  readonly violations: Readonly<Partial<Record<Violation['kind'], number>>>
  readonly unexpected: readonly string[]
  /** One violation in full, for whoever looks for the cause. */
  readonly example: Violation | null
}

/** How long before it was noticed a failover may lose writes: far more than it takes on one machine. */
const REPLICATION_MS = 1000

/** Lets a crowd work on a deployment while it is in trouble, and judges what the crowd saw. */
export async function suffer(scenario: Scenario, pace: Pace): Promise<Outcome> {
  const deployment = await scenario.open()
  try {
    const crowd = createCrowd({ stores: deployment.stores, ...pace })
    await until(() => crowd.answered() >= pace.warmRequests, pace.patienceMs)
    const from = crowd.now()
    await deployment.strike()
    const to = crowd.now()
    await recovery(crowd, to, pace)
    await crowd.stop()
    await crowd.audit()
    return { clients: pace.clients, ...judge(scenario, crowd, { from, to }) }
  } finally {
    await deployment.close()
  }
}

async function recovery(crowd: Crowd, to: number, { calmMs, patienceMs, warmRequests }: Pace): Promise<void> {
  const before = crowd.answered()
  await until(() => {
    const failedAt = crowd.failures.at(-1)?.at ?? to
    return crowd.now() - Math.max(failedAt, to) > calmMs && crowd.answered() - before > warmRequests / 2
  }, patienceMs)
}

function judge(scenario: Scenario, crowd: Crowd, { from, to }: { from: number; to: number }): Omit<Outcome, 'clients'> {
  const { store, fault, writes, recoversFrom } = scenario
  const { history, failures, unexpected } = crowd
  if (writes === 'forgotten') {
    const call = { input: { kind: 'forget' }, output: { kind: 'done' }, calledAt: from, returnedAt: to } as const
    history.addToAll(() => call)
  }
  const strict = history.check()
  const violations =
    writes === 'replicated' ? history.check({ from: from - REPLICATION_MS, to: to + REPLICATION_MS }) : strict
  const lastFailure = Math.max(0, ...failures.map(({ at }) => at))
  return {
    store,
    fault,
    requests: crowd.answered(),
    sessions: history.sessions.size,
    failures: countBy(failures, ({ code }) => code),
    struckForMs: Math.round(to - from),
    recoveredMs: Math.max(0, Math.round(lastFailure - (recoversFrom === 'end' ? to : from))),
    allowedLosses: strict.length - violations.length,
    violations: countBy(violations, ({ kind }) => kind),
    unexpected: [...new Set(unexpected.map(String))],
    example: violations[0] ?? null,
  }
}

function countBy<T, Key extends string>(items: readonly T[], keyOf: (item: T) => Key): Partial<Record<Key, number>> {
  const counts: Partial<Record<Key, number>> = {}
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1
  return counts
}

async function until(isSo: () => boolean, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!isSo() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
}
