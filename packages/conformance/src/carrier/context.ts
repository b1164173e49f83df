import type { Carrier, HeaderChange, RequestView } from 'sojourn'
import type { CaseContext } from '../case.ts'

/** What a carrier's author provides for the cases: the carrier, and clients such as it will meet. */
export interface CarrierContext extends CaseContext {
  /** Creates the carrier. Its warnings go to `warn`. */
  createCarrier(options: { readonly warn: (message: string) => void }): Carrier
  /** A client that has not received a token yet. For cookies: a browser with an empty jar. */
  createClient(): CarrierClient
  /**
   * A request that presents all of these texts as tokens, in this order. Optional: omit it for a carrier that can carry one token
   * only.
   */
  presenting?(texts: readonly string[]): RequestView
}

/** A client that stores and presents tokens. */
export interface CarrierClient {
  /** Its next request. */
  request(): RequestView
  /** Receives the headers of the response to its latest request, as `write`, `clear` and `clearDuplicates` returned them. */
  receive(changes: readonly HeaderChange[]): void
}
