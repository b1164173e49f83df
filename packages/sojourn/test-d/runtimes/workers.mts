/** The bindings of a Worker fit, and so does the class, by Cloudflare's own types. */
import { durableObjectStore, kvStore, SojournObject } from 'sojourn/stores/cloudflare'
import { sqliteStore } from 'sojourn/stores/sqlite'

interface Env {
  readonly SESSIONS: DurableObjectNamespace
  readonly KV: KVNamespace
  readonly DB: D1Database
}

declare const env: Env
declare const state: DurableObjectState

durableObjectStore({ namespace: env.SESSIONS })
durableObjectStore({ namespace: env.SESSIONS.jurisdiction('eu') })
kvStore({ namespace: env.KV })
sqliteStore({ client: env.DB })
new SojournObject(state, env) satisfies DurableObject
