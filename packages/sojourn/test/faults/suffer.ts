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
  /** How long trouble lasts that can last any time. */
  readonly lastingMs: number
}

/** The result of one scenario: a line of the table. */
export interface Outcome {
  readonly store: string
  readonly fault: string
  readonly clients: number
  readonly requests: number
  readonly sessions: number
  /** Requests that failed with a typed error, by its code. */
  readonly failures: Readonly<Partial<Record<string, number>>>
  readonly struckForMs: number
  /** Until requests were answered again and none failed any more, counted from where the scenario says. */
  readonly recoveredMs: number
  /** The data that the engine does not promise to keep, and lost. */
  readonly allowedLosses: number
  readonly violations: Readonly<Partial<Record<Violation['kind'], number>>>
  readonly unexpected: readonly string[]
  /** One violation in full, for whoever looks for the cause. */
  readonly example: Violation | null
}

/** How far a replica on the same, busy machine may lag behind at most. */
const REPLICATION_MS = 500

/** Lets a crowd work on a deployment while it is in trouble, and judges what the crowd saw. */
export async function suffer(scenario: Scenario, pace: Pace): Promise<Outcome> {
  const deployment = await scenario.open()
  try {
    const crowd = createCrowd({ stores: deployment.stores, ...pace })
    await until(() => crowd.answers.length >= pace.warmRequests, pace.patienceMs)
    const from = crowd.now()
    await deployment.strike(pace.lastingMs)
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
  const { answers, failures, now } = crowd
  const before = answers.length
  await until(() => {
    const failedAt = failures.at(-1)?.failedAt ?? to
    return now() - Math.max(failedAt, to) > calmMs && answers.length - before > warmRequests / 2
  }, patienceMs)
}

function judge(scenario: Scenario, crowd: Crowd, { from, to }: { from: number; to: number }): Omit<Outcome, 'clients'> {
  const { store, fault, writes, recoversFrom, staleMs: stale = 0 } = scenario
  const { history, answers, failures, unexpected } = crowd
  if (writes === 'forgotten') {
    const call = { input: { kind: 'forget' }, output: { kind: 'done' }, calledAt: from, returnedAt: to } as const
    history.addToAll(() => call)
  }
  const strict = history.check({ stale })
  const listsApart = writes === 'replicated apart'
  const losing = { from: from - REPLICATION_MS, to: to + REPLICATION_MS, listsApart }
  const violations = listsApart || writes === 'replicated' ? history.check({ stale, losing }) : strict
  const firstAnswer = answers.find((at) => at > to) ?? Number.POSITIVE_INFINITY
  const recoveredAt = failures.reduce((latest, { failedAt }) => Math.max(latest, failedAt), firstAnswer)
  return {
    store,
    fault,
    requests: answers.length,
    sessions: history.sessions.size,
    failures: countBy(failures, ({ code }) => code),
    struckForMs: Math.round(to - from),
    recoveredMs: Math.round(recoveredAt - (recoversFrom === 'end' ? to : from)),
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
