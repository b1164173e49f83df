/**
 * Sessions on Cloudflare Workers.
 * @module sojourn/stores/cloudflare
 */
export {
  type DurableObjectStoreOptions,
  durableObjectStore,
  type ObjectNamespace,
  type ObjectStub,
} from './cloudflare/durable-object-store.ts'
export { type KvNamespace, type KvStoreOptions, kvStore } from './cloudflare/kv-store.ts'
export type { ObjectStorage } from './cloudflare/object-storage.ts'
export { type ObjectState, SojournObject } from './cloudflare/sojourn-object.ts'
