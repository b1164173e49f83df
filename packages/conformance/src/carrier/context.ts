import type { Carrier, HeaderChange, RequestView } from 'sojourn'
import type { CaseContext } from '../case.ts'

/** What a carrier's author offers for its cases: a carrier, and clients such as it will meet. */
export interface CarrierContext extends CaseContext {
  /** The carrier as it is set up; its warnings go to `warn`. */
  createCarrier(options: { readonly warn: (message: string) => void }): Carrier
  /** A client that has been handed no token yet. For cookies: a browser with an empty jar. */
  createClient(): CarrierClient
  /**
   * A request that presents all of these texts as tokens, in this order. Optional: left out for a carrier that
   * can carry one only.
   */
  presenting?(texts: readonly string[]): RequestView
}

/** A client, as far as tokens go: what it was handed decides what it presents. */
export interface CarrierClient {
  /** Its next request. */
  request(): RequestView
  /** Takes the headers of the response to its latest request, as `write`, `clear` and `clearStrays` gave them. */
  receive(changes: readonly HeaderChange[]): void
}
