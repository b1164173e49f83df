/** One call, as its caller saw it. */
export interface Operation<Input, Output> {
  readonly input: Input
  /** The answer. `null`: no answer arrived, so the call may have happened at any later time, or never. */
  readonly output: Output | null
  /** When it was called and when its answer came, on one monotonic clock, in any unit. */
  readonly calledAt: number
  readonly returnedAt: number
}

/** How an object behaves if calls come one at a time. */
export interface Model<State, Input, Output> {
  readonly initial: State
  /**
   * Returns the state after the call, or `null` if the call or its answer is impossible. `output` is `null` if no answer arrived.
   */
  step(state: State, input: Input, output: Output | null): State | null
  /** Whether a call with this answer never changes the state: a read, or a write that was refused. */
  isRead(input: Input, output: Output): boolean
  /** Returns the same text for the same state. */
  keyOf(state: State): string
}

/** `undecided`: the search was given up, which says nothing about the history. */
export type Verdict = 'linearizable' | 'not linearizable' | 'undecided'

interface Node<State> {
  readonly state: State
  readonly done: bigint
}

/** If the history of one session needs more states than this, it has too many parallel calls to be decided. */
const MAX_STATES = 200_000

/**
 * Decides whether some order of the calls explains every answer: an order in which no call comes before one that had returned
 * when it was called. Herlihy and Wing, "Linearizability" (1990). The search is Wing and Gong's, with Lowe's memory of visited
 * states ("Testing for linearizability", 2017).
 */
export function linearize<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  maxStates: number = MAX_STATES,
): Verdict {
  const calls = [...operations].sort((a, b) => a.calledAt - b.calledAt)
  const heard = calls.reduce((bits, { output }, index) => (output === null ? bits : bits | (1n << BigInt(index))), 0n)
  const tried = new Set<string>()
  const open: Node<State>[] = [{ state: model.initial, done: 0n }]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if ((node.done & heard) === heard) return 'linearizable'
    const key = `${node.done.toString(36)} ${model.keyOf(node.state)}`
    if (tried.has(key)) continue
    if (tried.size >= maxStates) return 'undecided'
    tried.add(key)
    open.push(...stepsFrom(model, calls, node))
  }
  return 'not linearizable'
}

/** The most promising step is last. */
function stepsFrom<State, Input, Output>(
  model: Model<State, Input, Output>,
  calls: readonly Operation<Input, Output>[],
  { state, done }: Node<State>,
): Node<State>[] {
  const before = model.keyOf(state)
  const answered: Node<State>[] = []
  const unheard: Node<State>[] = []
  for (const index of candidates(calls, done)) {
    const { input, output } = calls[index] as Operation<Input, Output>
    const next = model.step(state, input, output)
    if (next === null) continue
    const node = { state: next, done: done | (1n << BigInt(index)) }
    // It can come now, changes nothing, and could only be harder to place later. So no other order needs to be tried.
    if (output !== null && model.isRead(input, output)) return [node]
    if (output !== null) answered.push(node)
    // A call without an answer that changes nothing can be treated as if it did not happen.
    else if (model.keyOf(next) !== before) unheard.push(node)
  }
  return [...unheard, ...answered.reverse()]
}

/** Calls that may come next: those made before any of the remaining calls has returned. */
function candidates<Input, Output>(calls: readonly Operation<Input, Output>[], done: bigint): number[] {
  const found: number[] = []
  let until = Number.POSITIVE_INFINITY
  for (const [index, { calledAt, returnedAt, output }] of calls.entries()) {
    if (calledAt > until) break
    if ((done >> BigInt(index)) & 1n) continue
    found.push(index)
    if (output !== null) until = Math.min(until, returnedAt)
  }
  return found.filter((index) => (calls[index]?.calledAt ?? 0) <= until)
}
