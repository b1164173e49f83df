import { createSessions } from 'sojourn'
import * as v from 'valibot'
import { store } from './store.ts'

// Every session begins empty, so each key is optional or has a default.
const data = v.object({ cart: v.optional(v.array(v.string()), []) })

export const sessions = createSessions({ store, data })

/** Gives `session.data` the type of the schema, in every file. */
declare module 'sojourn' {
  interface SessionData extends v.InferOutput<typeof data> {}
}
