import { AsyncLocalStorage } from 'node:async_hooks'

/** What Next's server defines when it starts. `next/headers` reads it when it is loaded, which tests do before. */
Object.assign(globalThis, { AsyncLocalStorage })
