import { createSessions, memoryStore } from 'sojourn'
import { lmdbStore } from 'sojourn/stores/lmdb'

/**
 * As a user writes it: a store, and the defaults for everything else.
 *
 * @param {import('../contenders.mjs').StartOptions} options
 */
export function sessionsOn({ store, folder }) {
  return createSessions({ store: store === 'lmdb' ? lmdbStore({ path: `${folder}/sessions` }) : memoryStore() })
}
