import { memoryStore } from 'sojourn'

// Sessions end with the process. Use another store before you run in production.
export const store = memoryStore()
