import { join } from 'node:path'
import { memoryStore } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { movingStore } from 'sojourn/stores/migrate'
import { nearCache } from 'sojourn/stores/near-cache'
import { resilientStore } from 'sojourn/stores/resilient'
import { writeBehind } from 'sojourn/stores/write-behind'

/**
 * @typedef {import('sojourn').Store} Store
 * @typedef {object} Place
 * @property {readonly Store[]} nodes What each server of the site has.
 * @property {Store} inner What they share; it is empty when everybody is gone.
 *
 * @typedef {(time: import('./time.mjs').Time, folder: string) => Place} Target
 */

/** Small, so that each round is beyond it: what is bounded is full from the first round on. */
const SMALL = 200

/** As behind a network: it answers later. @param {Store} store @returns {Store} */
export function late(store) {
  return {
    ...store,
    read: async (id) => store.read(id),
    create: async (record) => store.create(record),
    write: async (id, change) => store.write(id, change),
    end: async (id, tombstone) => store.end(id, tombstone),
    list: async (userId) => store.list(userId),
    sweep: async (now, limit) => (await store.sweep?.(now, limit)) ?? 0,
  }
}

/** @param {Store} inner @param {(store: Store) => Store} [wrap] @returns {Place} */
const one = (inner, wrap = (store) => store) => ({ inner, nodes: [wrap(inner)] })

/** A store whose calls fail now and then. @param {Store} store @param {number} every @returns {Store} */
function failing(store, every) {
  let calls = 0
  return {
    ...store,
    async write(id, change) {
      // A touch alone: what else is written is a visitor's, and would end the run.
      const isTouch = change.seen !== undefined && change.head === undefined && change.set === undefined
      if (isTouch && calls++ % every === 0) throw new Error('connection reset')
      return store.write(id, change)
    },
  }
}

/** A bus that takes messages and never says what became of them, and that cannot be reached. @returns {import('sojourn/buses/memory').Bus} */
function deadBus() {
  return {
    ...memoryBus(),
    name: 'dead',
    publish: () => new Promise(() => undefined),
    probe() {
      throw new Error('connection refused')
    },
  }
}

/** The whole stack, on two nodes. @type {(inner: Store, time: import('./time.mjs').Time, bus?: import('sojourn/buses/memory').Bus) => Place} */
function stack(inner, { timing }, bus = memoryBus()) {
  const node = () =>
    writeBehind(nearCache(resilientStore(inner, { timing }), { bus, timing, size: SMALL }), { timing, max: SMALL })
  return { inner, nodes: [node(), node()] }
}

/** Everything that keeps something for sessions, alone and together. @type {Record<string, Target>} */
export const targets = {
  memory: () => one(memoryStore()),
  'memory, full': () => one(memoryStore({ maxSessions: SMALL })),
  lmdb: (_, folder) => one(lmdbStore({ path: join(folder, 'lmdb') })),
  'near cache': ({ timing }) => {
    const [inner, bus] = [late(memoryStore()), memoryBus()]
    const node = () => nearCache(inner, { bus, timing, size: SMALL })
    return { inner, nodes: [node(), node()] }
  },
  'near cache, bus dead': ({ timing }) =>
    one(memoryStore(), (store) => nearCache(store, { bus: deadBus(), timing, size: SMALL })),
  'write-behind': ({ timing }) => one(memoryStore(), (store) => writeBehind(store, { timing })),
  'write-behind, writes fail': ({ timing }) =>
    one(memoryStore(), (store) => writeBehind(failing(store, 3), { timing, max: SMALL })),
  resilient: ({ timing }) => one(late(memoryStore()), (store) => resilientStore(store, { timing })),
  moving: () => {
    const [from, to] = [memoryStore(), memoryStore()]
    return { inner: from, nodes: [movingStore({ from, to, moves: false }), movingStore({ from, to })] }
  },
  'stack over memory': (time) => stack(late(memoryStore()), time),
  'stack over memory, bus dead': (time) => stack(late(memoryStore()), time, deadBus()),
  'stack over lmdb': (time, folder) => stack(lmdbStore({ path: join(folder, 'stack') }), time),
}

/** Wrappers that keep what they should not: what the measurement has to find. @type {Record<string, Target>} */
export const leaks = {
  'records of the ended': () => {
    /** @type {unknown[]} */
    const ended = []
    return one(memoryStore(), (store) => ({
      ...store,
      end(id, tombstone) {
        const record = store.end(id, tombstone)
        if (record !== null) ended.push(record)
        return record
      },
    }))
  },
  'an iterator of a set': () => {
    /** @type {Set<object>} */
    const held = new Set()
    // It never moves, and holds every table that the set has since, with what stood in it.
    const oldest = held.values()
    /** @type {object[]} */
    const queue = []
    return one(memoryStore(), (store) => ({
      ...store,
      create(record) {
        queue.push(record)
        held.add(record)
        if (queue.length > 10) held.delete(queue.shift() ?? oldest)
        return store.create(record)
      },
    }))
  },
}
