import { SessionError } from '../../core/contracts/errors.ts'
import type { JsonValue } from '../../core/contracts/json.ts'
import { SIGNAL_NAMES, type SignalName, type SubjectId } from './events.ts'

/**
 * `end`: ends the sessions. `distrust`: the users stay logged in, and must prove who they are before anything that requires a recent
 * proof. `ignore`: nothing.
 */
export type SignalAction = 'end' | 'distrust' | 'ignore'

/** An event as a policy sees it. */
export interface Signal {
  readonly name: SignalName
  readonly issuer: string
  readonly subject: SubjectId
  /** The event's own members: `change_type`, `current_level`, ... */
  readonly event: Readonly<Record<string, JsonValue | undefined>>
}

/** What each event does: an action, or a function that chooses one. */
export type SignalPolicy = Readonly<Record<SignalName, SignalAction | ((signal: Signal) => SignalAction)>>

const ACTIONS: readonly unknown[] = ['end', 'distrust', 'ignore']

/** Words that this version does not know count as the change that is the more dangerous. */
const DEFAULTS: SignalPolicy = {
  'session-revoked': 'end',
  'credential-change': ({ event }) => (event.change_type === 'create' ? 'ignore' : 'end'),
  'assurance-level-change': ({ event }) => (event.change_direction === 'increase' ? 'ignore' : 'distrust'),
  'device-compliance-change': ({ event }) => (event.current_status === 'compliant' ? 'ignore' : 'end'),
  'risk-level-change': ({ event }) => (isLow(event.current_level) ? 'ignore' : 'distrust'),
}

function isLow(level: unknown): boolean {
  return level === 'LOW' || level === 'MEDIUM'
}

export function toPolicy(given: Partial<SignalPolicy> = {}): (signal: Signal) => SignalAction {
  for (const [name, rule] of Object.entries(given)) {
    const isKnown = (SIGNAL_NAMES as readonly string[]).includes(name)
    if (isKnown && (rule === undefined || typeof rule === 'function' || ACTIONS.includes(rule))) continue
    throw new SessionError(
      'ERR_OPTION',
      isKnown
        ? `sharedSignalsReceiver: policy: ${name} must be "end", "distrust", "ignore" or a function.`
        : `sharedSignalsReceiver: policy has no event ${JSON.stringify(name)}. It has: ${SIGNAL_NAMES.join(', ')}.`,
    )
  }
  return (signal) => {
    const rule = given[signal.name] ?? DEFAULTS[signal.name]
    const action = typeof rule === 'function' ? rule(signal) : rule
    if (ACTIONS.includes(action)) return action
    throw new SessionError('ERR_MISUSE', `The policy for ${signal.name} returned no action.`)
  }
}
