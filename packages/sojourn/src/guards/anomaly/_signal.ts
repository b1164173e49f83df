/** What the guard can find. */
export type AnomalyFinding =
  | 'browser-changed'
  | 'platform-changed'
  | 'browser-downgraded'
  | 'networks-at-once'
  | 'impossible-travel'
  | 'network-kind-changed'
  | 'token-reused'
  | 'used-after-logout'
  | 'used-after-login'
  | 'ids-probed'
  | 'creation-burst'
  | 'failure-burst'
  | 'privileged-without-login'

/** How sure the guard is. `low`: below 0.4. `high`: from 0.7. */
export type AnomalyLevel = 'low' | 'medium' | 'high'

/** One observation, and how much it says by itself. */
export interface Signal {
  readonly finding: AnomalyFinding
  readonly score: number
  readonly message: string
}

export function levelOf(score: number): AnomalyLevel {
  return score < 0.4 ? 'low' : score < 0.7 ? 'medium' : 'high'
}

/**
 * One finding of several signals of one request: it has the word of the strongest, and all messages. Signals that agree make the
 * guard surer, as independent chances do: two of 0.5 make 0.75.
 */
export function combine(signals: readonly Signal[]): Signal | null {
  const [strongest, ...others] = [...signals].sort((a, b) => b.score - a.score)
  if (strongest === undefined) return null
  const score = 1 - signals.reduce((doubt, signal) => doubt * (1 - signal.score), 1)
  const message = [strongest, ...others].map((signal) => signal.message).join(' ')
  return { finding: strongest.finding, score: Math.round(score * 100) / 100, message }
}
