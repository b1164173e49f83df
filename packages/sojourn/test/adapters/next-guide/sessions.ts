import { createSessions, memoryStore, type Store } from 'sojourn'

// Next.js loads this file several times: for pages, for route handlers, for the proxy. They share the store.
const shared = globalThis as { store?: Store }
shared.store ??= memoryStore()

export const sessions = createSessions<{ cart?: string[] }>({ store: shared.store })
