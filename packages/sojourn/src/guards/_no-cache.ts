import type { HeaderChange } from '../core/contracts/carrier.ts'
import { toCachingHeaders } from '../core/request/caching.ts'

/** For a response with a text that only this client may have: no cache keeps it, whatever the application set. */
export const NO_CACHE: readonly HeaderChange[] = toCachingHeaders([{ vary: 'Cookie' }]).token
