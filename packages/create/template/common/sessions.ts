import { createSessions } from 'sojourn'
import { store } from './store.ts'

export type Data = { cart?: string[] }

// `data` of a session is typed by `Data`. Every session begins empty, so every key is optional.
export const sessions = createSessions<Data>({ store })
