import type { Carrier, HeaderChange, RequestView } from '../contracts/carrier.ts'
import { SessionError } from '../contracts/errors.ts'
import type { Guard, Sight } from '../contracts/guard.ts'
import type { Device, SessionId } from '../contracts/record.ts'
import type { Refusal } from '../contracts/session.ts'
import { deviceOf, proofOf, type ShownProof, toDate } from './infos.ts'
import { notesIn } from './notes.ts'
import { emit } from './setup.ts'
import type { Held } from './state.ts'
import { presents, type State } from './state.ts'

/** What a guard sees. Getters compute a value only when a guard reads it. */
export class GuardSight implements Sight {
  readonly #state: State
  readonly #held: Held | null
  readonly #name: string

  constructor(state: State, held: Held | null, { name }: Guard) {
    this.#state = state
    this.#held = held
    this.#name = name
  }

  get view(): RequestView {
    return this.#state.view
  }
  get carrier(): Carrier {
    return this.#state.carrier
  }
  get presents(): boolean {
    return presents(this.#state.candidates)
  }
  get now(): Date {
    return new Date(this.#state.setup.clock())
  }
  get id(): SessionId | null {
    return this.#held?.record.id ?? null
  }
  get userId(): string | null {
    return this.#held?.record.userId ?? null
  }
  get refused(): Refusal | null {
    return this.#state.refused
  }
  get createdAt(): Date | null {
    return toDate(this.#held?.record.createdAt)
  }
  get lastSeenAt(): Date | null {
    return toDate(this.#held?.record.lastSeenAt)
  }
  get authenticatedAt(): Date | null {
    return this.#proof.authenticatedAt
  }
  get methods(): readonly string[] {
    return this.#proof.methods
  }
  get assurance(): string | null {
    return this.#proof.assurance
  }
  get device(): Device | null {
    return this.#held && deviceOf(this.#state.setup, this.#held.record)
  }
  get note(): string | null {
    const { held, notes, texts } = this.#state
    if (held === null || !this.#isOfRequest) return null
    const written = notes?.byGuard.get(this.#name)
    if (written !== undefined) return written
    const stored = notesIn(texts)
    return Object.hasOwn(stored, this.#name) ? (stored[this.#name] ?? null) : null
  }

  get #proof(): ShownProof {
    return proofOf(this.#held?.record.head, this.#isOfRequest && this.#state.distrusts)
  }

  /** A login shows guards its new session before the request continues with it. */
  get #isOfRequest(): boolean {
    return this.#held?.record.id === this.#state.held?.record.id
  }
}

/** The headers that guards add to the response. The response does not depend on them, so a failure costs only the headers. */
export function leavingHeaders(state: State): readonly HeaderChange[] {
  const { setup, held, did } = state
  return setup.guards.leaving.flatMap((guard) => {
    try {
      const headers = guard.leaving?.(new GuardSight(state, held, guard), did) ?? []
      for (const { name, value } of headers) assertHeader(name, value)
      return headers
    } catch (error) {
      emit(state, 'fault', { operation: `guard ${guard.name}`, error })
      return []
    }
  })
}

/** The characters of RFC 9110, sections 5.1 and 5.5. Servers throw for others, and a login's token would be lost. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/
const VALUE = /^[\t -~\x80-\xff]*$/

export function assertHeader(name: string, value: string): void {
  if (!NAME.test(name) || !VALUE.test(value)) {
    throw new SessionError('ERR_GUARD', 'A header has characters that no header may have.')
  }
}
