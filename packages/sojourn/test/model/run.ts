/** The properties, named after their guarantees. */
export type Property = 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'S8'

export type Variant = 'no cache' | 'near cache' | 'skewed clocks' | 'failover' | 'thief'

export type Verb = 'get' | 'write' | 'login' | 'logout' | 'rotate' | 'reauthenticated'

/** A request whose phases take time. Each bound is the longest that the phase may last, in ticks. */
export interface SlowRequest {
  readonly verb: Verb
  /** From sending, when the cookie is attached, to opening. */
  readonly sent: number
  /** From opening to the commit. */
  readonly open: number
  /** From the commit to the moment when the browser has the answer. */
  readonly way: number
}

/** Whole ticks. Omitted events never happen. */
export interface LimitTicks {
  readonly grace: number
  readonly renew?: number
  readonly touch?: number
  readonly idle?: number
  readonly absolute?: number
}

export interface Thief {
  readonly verbs: readonly Verb[]
  /** How often he may rotate. Left out: never. */
  readonly rotations?: number
}

/** One graph to explore: the actors, their actions, the delays, and the properties. */
export interface Run {
  /** The description of this graph, for people. */
  readonly name: string
  /** The column of the table. */
  readonly variant: Variant
  readonly checks: readonly Property[]
  readonly limits: LimitTicks
  /** Requests that are sent, opened, committed and answered at once. */
  readonly quick: readonly Verb[]
  readonly slow?: readonly SlowRequest[]
  /** Slow requests under way at a time. */
  readonly parallel?: number
  /** The token that the browser has at first. Default: of a session that the user just logged in to. */
  readonly begin?: 'logged in' | 'unknown' | 'expired' | 'ended'
  readonly nodes?: 1 | 2
  /** How much the second node's clock is ahead, ticks. */
  readonly skew?: number
  /** How old an answer of a node's near cache may be, ticks. Left out: no near cache. */
  readonly maxStale?: number
  /** The store may once go back by the last write it acknowledged. */
  readonly failover?: boolean
  /** Answers may get lost. */
  readonly losses?: boolean
  /** The browser may once crash and come back with the cookie it had at most this long ago, ticks. */
  readonly crash?: number
  /** Quick requests on another node that may come between two calls to the store of one request. Needs two nodes. */
  readonly cuts?: readonly Verb[]
  /** An administrator ends the session. */
  readonly revokes?: boolean
  /** Expired records are deleted at once, as stores with a time to live do. */
  readonly sweeps?: boolean
  readonly thief?: Thief
  /** The known and documented findings of this graph. Omitted: there must be none. */
  readonly happens?: { readonly property: Property; readonly why: string }
  /** Too large for `npm test`: explored by `npm run model` alone. */
  readonly large?: true
}
