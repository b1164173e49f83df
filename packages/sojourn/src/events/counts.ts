import type { SessionEvent, SessionEventName } from '../core/contracts/events.ts'

/** What one event counts as. */
export interface Count {
  /** `session.ended`. Metrics put `sojourn.` or `sojourn_` in front. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

interface Counter {
  readonly name: string
  /** What is counted, as an annotation of UCUM. */
  readonly unit: string
  readonly help: string
  readonly hasLabels: boolean
}

/** One counter for each event. `login` has the one of `created`, because each begins a session. */
export const COUNTERS: Readonly<Record<SessionEventName, Counter>> = {
  created: { name: 'session.created', unit: '{session}', help: 'Sessions that began, by kind.', hasLabels: true },
  login: { name: 'session.created', unit: '{session}', help: 'Sessions that began, by kind.', hasLabels: true },
  reauthenticated: {
    name: 'session.reauthenticated',
    unit: '{proof}',
    help: 'Users who proved their identity again.',
    hasLabels: false,
  },
  rotated: { name: 'session.rotated', unit: '{token}', help: 'Tokens that were replaced at once.', hasLabels: false },
  renewed: { name: 'session.renewed', unit: '{token}', help: 'Tokens that were renewed.', hasLabels: false },
  adopted: {
    name: 'session.adopted',
    unit: '{session}',
    help: 'Sessions of another library that were adopted.',
    hasLabels: true,
  },
  ended: {
    name: 'session.ended',
    unit: '{session}',
    help: 'Sessions that ended other than by expiry, by reason.',
    hasLabels: true,
  },
  account: {
    name: 'account.changed',
    unit: '{change}',
    help: 'Changes of accounts for which the sessions of a user were treated, by change.',
    hasLabels: true,
  },
  refused: {
    name: 'token.refused',
    unit: '{token}',
    help: 'Presented tokens that were refused, by reason.',
    hasLabels: true,
  },
  reuse: {
    name: 'token.reuse',
    unit: '{token}',
    help: 'Old tokens that were presented: evidence of a copy.',
    hasLabels: true,
  },
  denied: { name: 'request.denied', unit: '{request}', help: 'Requests that a guard answered.', hasLabels: true },
  finding: { name: 'finding', unit: '{finding}', help: 'Findings of guards.', hasLabels: true },
  invalidData: {
    name: 'data.invalid',
    unit: '{session}',
    help: 'Reads of stored data that did not fit the schema.',
    hasLabels: false,
  },
  store: { name: 'store.event', unit: '{event}', help: 'Changes of the state of the store, by kind.', hasLabels: true },
  fault: {
    name: 'fault',
    unit: '{fault}',
    help: 'Failures of the store, of guards and of listeners.',
    hasLabels: true,
  },
}

/** An event of a later version, which this one has no counter for. */
const OTHER: Counter = { name: 'event', unit: '{event}', help: 'Other events, by type.', hasLabels: true }

export function counterOf(type: string): Counter {
  return Object.hasOwn(COUNTERS, type) ? COUNTERS[type as SessionEventName] : OTHER
}

/** Makes counts whose labels have few values, whatever an application uses as a reason. */
export function createCounting(): (event: SessionEvent) => Count {
  const words = new Map<string, Set<string>>()

  /** The text if it is short and one of the first values of this label, else `other`. An application can pass anything. */
  function word(label: string, text: unknown): string {
    const known = words.get(label) ?? new Set()
    words.set(label, known)
    const plain = String(text).replace(/[^\w.-]+/g, '_')
    if (known.has(plain)) return plain
    if (known.size >= MAX_WORDS || plain.length > MAX_CHARACTERS || plain === '') return 'other'
    known.add(plain)
    return plain
  }

  return (event) => {
    const { name } = counterOf(event.type)
    const labels = Object.entries(labelsOf(event)).map(([label, text]) => [label, word(`${name} ${label}`, text)])
    return { name, labels: Object.fromEntries(labels) }
  }
}

const MAX_WORDS = 30
const MAX_CHARACTERS = 60

function labelsOf(event: SessionEvent): Readonly<Record<string, string>> {
  switch (event.type) {
    case 'created':
      return { kind: 'anonymous' }
    case 'login':
      return { kind: 'login' }
    case 'ended':
    case 'refused':
      return { reason: event.reason }
    case 'account':
      return { change: event.change }
    case 'reuse':
      return { outcome: event.ended ? 'ended' : 'reported' }
    case 'denied':
      return { guard: event.guard, reason: event.reason }
    case 'finding':
      return { guard: event.guard, finding: event.finding }
    case 'store':
      return { kind: event.kind }
    case 'fault':
      return { operation: event.operation }
    case 'adopted':
      return { carrier: event.carrier }
    case 'reauthenticated':
    case 'rotated':
    case 'renewed':
    case 'invalidData':
      return {}
    default:
      return { type: (event as { type: string }).type }
  }
}
