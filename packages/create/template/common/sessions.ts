import { createSessions } from 'sojourn'
import { store } from './store.ts'

/** The type of a session's `data`. Every session begins empty, so every key is optional. */
export type Data = { cart?: string[] }

export const sessions = createSessions<Data>({ store })
