import type { JsonValue } from '../../core/contracts/json.ts'

/** Who or what an event is about (RFC 9493), with the members of its format: `{ format: 'email', email: 'ada@example.com' }`. */
export interface SubjectId {
  readonly format: string
  readonly [member: string]: unknown
}

/** The events of the Continuous Access Evaluation Profile (CAEP 1.0) that can change sessions. */
export type SignalName =
  | 'session-revoked'
  | 'credential-change'
  | 'assurance-level-change'
  | 'device-compliance-change'
  | 'risk-level-change'

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/'

export const SIGNAL_NAMES: readonly SignalName[] = [
  'session-revoked',
  'credential-change',
  'assurance-level-change',
  'device-compliance-change',
  'risk-level-change',
]

export const VERIFICATION: string = `${SSF}verification`
export const STREAM_UPDATED: string = `${SSF}stream-updated`

export function toUri(name: SignalName): string {
  return CAEP + name
}

/** `null` for an event of another profile. */
export function toSignalName(uri: string): SignalName | null {
  return SIGNAL_NAMES.find((name) => toUri(name) === uri) ?? null
}

export function isObject(value: unknown): value is Readonly<Record<string, JsonValue | undefined>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isSubject(value: unknown): value is SubjectId {
  return isObject(value) && typeof value.format === 'string' && value.format !== ''
}
