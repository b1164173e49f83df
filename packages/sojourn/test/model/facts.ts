import type { SessionId } from '../../src/core/contracts/record.ts'

/** The history, as an observer notes it who knows the promises and not the code. Immutable. */
export interface Facts {
  /** Whether the user has a right to be logged in on the browser's next request. */
  readonly loggedIn: boolean
  /** Sessions whose end was acknowledged: when, and on which node. */
  readonly ended: ReadonlyMap<SessionId, Moment>
  /** Sessions that a client was told had expired. */
  readonly expired: ReadonlySet<SessionId>
  /** Sessions of which an old token's use was reported, since the last renewal: when. */
  readonly told: ReadonlyMap<SessionId, number>
  /** Tokens by the hash of their secret. */
  readonly tokens: ReadonlyMap<string, TokenFacts>
}

export interface Moment {
  readonly at: number
  readonly node: number
}

export interface TokenFacts {
  readonly id: SessionId
  /** Rises with each token of the session that is handed out. */
  readonly rank: number
  /** From when on it must open nothing; `null`: not replaced yet. */
  readonly dead: Moment | null
  /** From when on its use is evidence of a copy. */
  readonly alarmAt: number | null
  /** The token that a renewal handed out in its place. */
  readonly successor: string | null
}

export const NO_FACTS: Facts = {
  loggedIn: false,
  ended: new Map(),
  expired: new Set(),
  told: new Map(),
  tokens: new Map(),
}

export function withEnd(facts: Facts, id: SessionId, moment: Moment): Facts {
  return facts.ended.has(id) ? facts : { ...facts, ended: new Map(facts.ended).set(id, moment) }
}

export function withExpired(facts: Facts, id: SessionId): Facts {
  return facts.expired.has(id) ? facts : { ...facts, expired: new Set(facts.expired).add(id) }
}

export function withTold(facts: Facts, id: SessionId, at: number): Facts {
  return facts.told.has(id) ? facts : { ...facts, told: new Map(facts.told).set(id, at) }
}

export function withoutTold(facts: Facts, id: SessionId): Facts {
  if (!facts.told.has(id)) return facts
  const told = new Map(facts.told)
  told.delete(id)
  return { ...facts, told }
}

/** A token was handed out. */
export function withToken(facts: Facts, id: SessionId, hash: string): Facts {
  if (facts.tokens.has(hash)) return facts
  const ranks = [...facts.tokens.values()].filter((token) => token.id === id).map(({ rank }) => rank)
  const fresh: TokenFacts = { id, rank: Math.max(-1, ...ranks) + 1, dead: null, alarmAt: null, successor: null }
  return { ...facts, tokens: new Map(facts.tokens).set(hash, fresh) }
}

export function withSuccessor(facts: Facts, parent: string, successor: string): Facts {
  const token = facts.tokens.get(parent)
  if (token === undefined || token.successor === successor) return facts
  return { ...facts, tokens: new Map(facts.tokens).set(parent, { ...token, successor }) }
}

/** A request with this token was served: what came before it has a grace left. */
export function withConfirmed(facts: Facts, hash: string, dead: Moment): Facts {
  const shown = facts.tokens.get(hash)
  if (shown === undefined) return facts
  return editTokens(facts, shown.id, (token) =>
    token.rank < shown.rank && token.dead === null ? { ...token, dead, alarmAt: dead.at } : token,
  )
}

/** Privilege changed: every token handed out so far is dead at once. */
export function withRotated(facts: Facts, id: SessionId, dead: Moment, graceTicks: number): Facts {
  return editTokens(facts, id, (token) => ({
    ...token,
    dead: token.dead !== null && token.dead.at <= dead.at ? token.dead : dead,
    alarmAt: token.alarmAt !== null && token.alarmAt <= dead.at ? token.alarmAt : dead.at + graceTicks,
  }))
}

function editTokens(facts: Facts, id: SessionId, edit: (token: TokenFacts) => TokenFacts): Facts {
  const tokens = new Map(facts.tokens)
  for (const [hash, token] of tokens) if (token.id === id) tokens.set(hash, edit(token))
  return { ...facts, tokens }
}

/** Facts about what nobody holds any more change nothing. */
export function onlyOf(facts: Facts, ids: ReadonlySet<SessionId>, hashes: ReadonlySet<string>): Facts {
  const { expired } = facts
  return {
    loggedIn: facts.loggedIn,
    ended: keep(facts.ended, ids),
    expired: expired.size === 0 ? expired : new Set([...expired].filter((id) => ids.has(id))),
    told: keep(facts.told, ids),
    tokens: keep(facts.tokens, hashes),
  }
}

function keep<Key, Value>(map: ReadonlyMap<Key, Value>, keys: ReadonlySet<Key>): ReadonlyMap<Key, Value> {
  for (const key of map.keys()) {
    if (!keys.has(key)) return new Map([...map].filter(([one]) => keys.has(one)))
  }
  return map
}

/** The store went back: what it forgot is no promise any more. What the browser was handed stays handed out. */
export function afterFailover(now: Facts, before: Facts): Facts {
  const tokens = new Map(before.tokens)
  for (const [hash, token] of now.tokens) {
    if (!tokens.has(hash)) tokens.set(hash, { ...token, dead: null, alarmAt: null, successor: null })
  }
  return { ...before, loggedIn: now.loggedIn, tokens }
}
