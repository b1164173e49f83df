import { memoryStore, type Store } from 'sojourn'

/** A store that answers later, as one behind a network does. */
export function lateStore(): Store {
  const store = memoryStore()
  return {
    ...store,
    read: async (id) => store.read(id),
    create: async (record) => store.create(record),
    write: async (id, change) => store.write(id, change),
    end: async (id, tombstone) => store.end(id, tombstone),
  }
}

/** A store of which one operation does not work. */
export function failingStore(operation: 'read' | 'create' | 'write'): Store {
  return {
    ...memoryStore(),
    [operation]() {
      throw new Error('connect ECONNREFUSED')
    },
  }
}

/** A cookie that makes core ask the store. */
export const SOME_TOKEN = { cookie: `session=${'A'.repeat(54)}` }
