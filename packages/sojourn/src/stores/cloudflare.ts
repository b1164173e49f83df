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
export { type ObjectState, type ObjectStorage, SojournObject } from './cloudflare/sojourn-object.ts'
