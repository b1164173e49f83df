import { createSessions, SessionError, type Sessions, type SessionsOptions, type Store } from 'sojourn'
import { carrier } from '../store/visitors.ts'
import { createHistory, type History } from './history.ts'
import { createRandom, pick } from './random.ts'
import type { Browser, Data, Scene } from './scene.ts'
import { administer, present, visit } from './verbs.ts'

export interface CrowdOptions {
  /** Handles on the same data, one for each simulated server. */
  readonly stores: readonly [Store, ...Store[]]
  /** The number of clients that send one request after another. Default 200. */
  readonly clients?: number
  /** How many clients share one cookie jar, as the tabs of a browser do. Default 4. */
  readonly tabs?: number
  /** The average wait of a client between two requests. Default 20. */
  readonly pauseMs?: number
  /** The seed for all random choices. Default 1. */
  readonly seed?: number
  /**
   * Whether replaced tokens are presented again. Default `true`. Use `false` if a run takes longer than `timeouts.grace`, because
   * then that is token reuse and ends the session.
   */
  readonly oldTokens?: boolean
  /** A clock that never runs backwards, in ms. Default `performance.now`. */
  readonly now?: () => number
  readonly sleep?: (ms: number) => Promise<void>
  /** Options for `createSessions`, beside store and carriers. */
  readonly sessions?: Omit<SessionsOptions<Data>, 'store' | 'carriers' | 'cookie'>
}

/** A request that was told to retry later. */
export interface Failure {
  readonly code: string
  readonly sentAt: number
  readonly failedAt: number
}

export interface Crowd {
  /** The observations of the clients so far. */
  readonly history: History
  readonly failures: readonly Failure[]
  /** Observations that no client may make: untyped errors, another user's session, an unrequested token. */
  readonly unexpected: readonly unknown[]
  /** When each answered request was answered. */
  readonly answers: readonly number[]
  /** The time on the clock of the history. */
  now(): number
  /** Finishes the current requests, and sends no more. */
  stop(): Promise<void>
  /** Presents every token again, including those of ended sessions. The history then shows how everything ended. */
  audit(): Promise<void>
}

/** Tokens change only if clients ask for it. A replaced token is refused without an alarm for longer than any run takes. */
const TIMEOUTS = { idle: '12h', absolute: '12h', renew: '12h', grace: '2h', touch: '1s' } as const

const AUDITED_AT_ONCE = 20

/**
 * Clients that log in, edit, update, rotate, log out, list and revoke in parallel and at random until they are stopped. The
 * history records what they saw, and `history.check()` returns what is impossible.
 */
export function createCrowd(options: CrowdOptions): Crowd {
  const { clients = 200, tabs = 4, pauseMs = 20, now = () => performance.now() } = options
  const { sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)) } = options
  const scene = createScene(options, now)
  const { random, tokens, history } = scene
  const failures: Failure[] = []
  const unexpected: unknown[] = []
  const answers: number[] = []
  let isStopped = false

  async function attempt(work: () => Promise<void>): Promise<void> {
    const sentAt = now()
    try {
      await work()
      answers.push(now())
    } catch (error) {
      if (!isExpected(error)) unexpected.push(error)
      else if (error.status === 503) failures.push({ code: error.code, sentAt, failedAt: now() })
    }
  }

  async function keepOn(work: () => Promise<void>): Promise<void> {
    for (await sleep(random() * pauseMs * 2); !isStopped; await sleep(random() * pauseMs * 2)) await attempt(work)
  }

  const browsers = Array.from({ length: Math.ceil(clients / tabs) }, (): Browser => ({ held: null }))
  const running = [
    ...Array.from({ length: clients }, (_, n) => keepOn(() => visit(scene, browsers[n % browsers.length] as Browser))),
    keepOn(() => administer(scene)),
    keepOn(() => present(scene, pick(random, tokens))),
  ]

  return {
    history,
    failures,
    unexpected,
    answers,
    now,
    async stop() {
      isStopped = true
      await Promise.all(running)
    },
    async audit() {
      for (let from = 0; from < tokens.length; from += AUDITED_AT_ONCE) {
        const some = tokens.slice(from, from + AUDITED_AT_ONCE)
        await Promise.all(some.map((held) => attempt(() => present(scene, held))))
      }
    },
  }
}

function createScene(
  { stores, clients = 200, tabs = 4, seed = 1, oldTokens = true, sessions = {} }: CrowdOptions,
  now: () => number,
): Scene {
  const more = { timeouts: TIMEOUTS, warn: () => undefined, ...sessions }
  const toNode = (store: Store): Sessions<Data> => createSessions<Data>({ ...more, store, carriers: [carrier] })
  const [first, ...others] = stores
  const users = Math.ceil(clients / tabs / 2)
  let count = 0
  return {
    history: createHistory(),
    now,
    random: createRandom(seed),
    nodes: [toNode(first), ...others.map(toNode)],
    users: ['user', ...Array.from({ length: users }, (_, n) => `user-${n + 1}`)],
    owners: new Map(),
    tokens: [],
    oldTokens,
    count: () => ++count,
  }
}

/** Errors that a failing store may cause: retry later, or another client ended the session. */
function isExpected(error: unknown): error is SessionError {
  return error instanceof SessionError && (error.status === 503 || error.code === 'ERR_SESSION_ENDED')
}
