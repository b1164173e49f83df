import { type Expiry, mayExpireFrom, openedTooLate } from './expiry.ts'
import { linearize } from './linearize.ts'
import { type SessionInput, type SessionOperation, type SessionOutput, sessionModel } from './session-model.ts'

/** A session whose history no order of its calls explains. */
export interface Violation {
  readonly id: string
  readonly kind:
    | 'ended session open'
    | 'expired session open'
    | 'acknowledged write missing'
    | 'impossible answer'
    | 'undecided'
  /** The first answer that cannot be explained, in words. */
  readonly what: string
  /** The session's whole history, to find the cause. */
  readonly operations: readonly SessionOperation[]
}

/** The observations of the clients of one run about their sessions. */
export interface History {
  add(id: string, operation: SessionOperation): void
  /** Adds one call that concerns many sessions: its operation for each session, or `null` if it did not concern that one. */
  addToAll(callOf: (id: string) => SessionOperation | null): void
  readonly sessions: ReadonlyMap<string, readonly SessionOperation[]>
  /** Returns the violations. */
  check(leniency?: Leniency): readonly Violation[]
}

/** Guarantees that do not hold in every setup, with times on the clock of the history. */
export interface Leniency {
  /** Calls answered in that time may be lost, for example by a failover to a replica that had not received them. */
  readonly losing?: Losing
  /** A request may see a state this old, for example behind a near cache. */
  readonly stale?: number
  /** The limits of the sessions, if they are short enough to matter. Omitted: nothing expires during the run. */
  readonly expiry?: Expiry
}

export interface Losing {
  readonly from: number
  readonly to: number
  /**
   * The lists of a user's sessions are on another server than the sessions, so a lost login may be missing from the list only.
   */
  readonly listsApart?: boolean
}

export function createHistory(): History {
  const sessions = new Map<string, SessionOperation[]>()
  const toAll: ((id: string) => SessionOperation | null)[] = []

  function shared(id: string, own: readonly SessionOperation[]): SessionOperation[] {
    const begin = beginOf(own)
    return toAll.flatMap((callOf) => {
      const call = callOf(id)
      if (begin === undefined || call === null || begin.calledAt > call.returnedAt) return []
      if (begin.returnedAt < call.calledAt || call.input.kind === 'forget') return [call]
      // A session that began meanwhile may have been included or not.
      return [{ ...call, output: null }]
    })
  }

  return {
    sessions,
    add: (id, operation) => void sessions.set(id, [...(sessions.get(id) ?? []), operation]),
    addToAll: (callOf) => void toAll.push(callOf),
    check({ losing, stale = 0, expiry } = {}) {
      return [...sessions].flatMap(([id, own]) => {
        // A failed login may have left a session that only administrators see.
        if (beginOf(own) === undefined) return []
        const alone = own.map((each) => dated(each, stale))
        const among = shared(id, own)
        const explain = (all: readonly SessionOperation[]) =>
          checkSession(id, expiry === undefined ? all : expiring(all, expiry))
        const violations = [...checkLimits(id, own, expiry), ...explain([...alone, ...among])]
        if (violations.length === 0 || losing === undefined) return violations
        return explain(lossy(alone, among, losing))
      })
    },
  }
}

function dated(operation: SessionOperation, stale: number): SessionOperation {
  return operation.input.kind === 'open' ? { ...operation, calledAt: operation.calledAt - stale } : operation
}

function beginOf(operations: readonly SessionOperation[]): SessionOperation | undefined {
  return operations.find(({ input }) => input.kind === 'begin')
}

function lossy(
  alone: readonly SessionOperation[],
  among: readonly SessionOperation[],
  { from, to, listsApart = false }: Losing,
): SessionOperation[] {
  const isSafe = ({ calledAt, returnedAt }: SessionOperation) => returnedAt < from || calledAt > to
  const begin = beginOf(alone)
  // An operation on all sessions of a user may then have missed this one.
  const isUnlisted = listsApart && begin !== undefined && !isSafe(begin)
  return [
    ...alone.flatMap((each) => (isSafe(each) ? [each] : unsure(each))),
    ...among.flatMap((each) => (isSafe(each) && !isUnlisted ? [each] : unsure(each))),
  ]
}

/** The call may have been executed or not. What it read may have been lost afterwards. */
function unsure(operation: SessionOperation): SessionOperation[] {
  const { kind } = operation.input
  return kind === 'open' || kind === 'list' ? [] : [{ ...operation, output: null }]
}

/** Adds an end that no call caused or observed, and removes the lists that omitted the session because of it. */
function expiring(operations: readonly SessionOperation[], expiry: Expiry): SessionOperation[] {
  const from = mayExpireFrom(operations, expiry)
  const isLeftOut = ({ output, returnedAt }: SessionOperation): boolean =>
    output?.kind === 'listed' && !output.isThere && returnedAt >= from
  const end = { input: { kind: 'end' }, output: null, calledAt: from, returnedAt: from } as const
  return [...operations.filter((each) => !isLeftOut(each)), end]
}

function checkLimits(id: string, operations: readonly SessionOperation[], expiry: Expiry | undefined): Violation[] {
  const late = expiry && openedTooLate(operations, expiry)
  return late === undefined ? [] : [{ id, kind: 'expired session open', what: describe(late), operations }]
}

function checkSession(id: string, operations: readonly SessionOperation[]): Violation[] {
  const verdict = linearize(sessionModel, operations)
  if (verdict === 'linearizable') return []
  if (verdict === 'undecided') return [{ id, kind: 'undecided', what: 'too many calls at once', operations }]
  const culprit = firstImpossible(operations)
  return [{ id, kind: kindOf(culprit, operations), what: describe(culprit), operations }]
}

/** Finds the first impossible answer: up to the one before it, some order explains everything. */
function firstImpossible(operations: readonly SessionOperation[]): SessionOperation {
  const answered = operations.filter(({ output }) => output !== null).sort((a, b) => a.returnedAt - b.returnedAt)
  const found = answered.find(({ returnedAt }) => {
    const known = operations
      .filter(({ calledAt }) => calledAt <= returnedAt)
      .map((each) => (each.returnedAt <= returnedAt ? each : { ...each, output: null }))
    return linearize(sessionModel, known) === 'not linearizable'
  })
  return found ?? (answered.at(-1) as SessionOperation)
}

function kindOf({ input, output, returnedAt }: SessionOperation, all: readonly SessionOperation[]): Violation['kind'] {
  const isOpened = output?.kind === 'live' || (input.kind === 'update' && output?.kind === 'done')
  const isEnded = all.some((each) => each.input.kind === 'end' && each.output !== null && each.calledAt < returnedAt)
  if (isOpened) return isEnded ? 'ended session open' : 'acknowledged write missing'
  return input.kind === 'open' && !isEnded ? 'acknowledged write missing' : 'impossible answer'
}

function describe({ input, output, calledAt, returnedAt }: SessionOperation): string {
  return `${show(input)} answered ${output === null ? 'nothing' : show(output)} (${calledAt} to ${returnedAt})`
}

function show({ kind, ...rest }: SessionInput | SessionOutput): string {
  return `${kind} ${JSON.stringify(rest)}`
}
