import { createSessions } from 'sojourn'
import { lmdbStore } from 'sojourn/stores/lmdb'
import * as v from 'valibot'

export const sessions = createSessions({
  store: lmdbStore({ path: './data/sessions' }),
  data: v.object({ cart: v.optional(v.array(v.string()), []) }),
  timeouts: { idle: '30m', absolute: '12h', renew: '1h', grace: '2m' },
})
