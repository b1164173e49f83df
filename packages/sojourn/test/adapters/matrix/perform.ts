import type { AdapterServer } from '@sojourn/conformance'
import { createSessions, memoryStore, type Session, type Store } from 'sojourn'
import type { Aside } from './acts.ts'
import type { Column, Layer } from './column.ts'
import { ask, type Fate, watchCrashes } from './fate.ts'

/** The handler awaits an `update` first, so the commit has nothing to store and answers in the same turn. */
export const STORED_BEFORE = 'has stored before'

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const opened: Promise<AdapterServer>[] = []

export async function closeAll(): Promise<void> {
  for (const server of opened.splice(0)) await (await server).close()
}

export interface Outcome extends Fate {
  readonly crashes: readonly string[]
  /** Whether the handler came to its end, and whether what it edited beside its answer was stored. */
  readonly finished: boolean
  readonly stored: boolean
}

/** Performs the act on the server, and waits at most so long for what comes after the answer. */
export type Perform = (act: string, mostMs: number) => Promise<Outcome>

/** Whether the handler may have something to do after the client has its answer. The other handlers finish with it. */
function isLong(layer: Layer, name: string, act: string): boolean {
  // Compression destroys its stream when its response closes, so this `drain` never comes. The same goes for a client that leaves.
  if (layer === 'inside' && name.startsWith('fails')) return act === 'the client leaves'
  return /waiting for drain|the client leaves/.test(act)
}

/** One request: what its handler may do beside its answer, what the client tells of it, and what came of it. */
function createTurn(act: string, finished: boolean) {
  const turn = { act, finished, stored: false }
  let onHead = (): void => {}
  let onBytes = (): void => {}
  const aside: Aside = {
    edit() {},
    finish() {
      turn.finished = true
    },
    head: new Promise((resolve) => {
      onHead = resolve
    }),
    firstBytes: new Promise((resolve) => {
      onBytes = resolve
    }),
  }
  return Object.assign(turn, { aside, onHead, onBytes })
}

/** One server, and what comes of each act on it. Without `createStore` it is the bare framework. */
export function open(column: Column, layer: Layer, name: string, createStore: (() => Store) | null): Perform {
  let turn = createTurn('', true)
  const store = createStore?.() ?? memoryStore()
  const watched: Pick<Store, 'create' | 'write'> = {
    create(record) {
      turn.stored ||= record.data.edited !== undefined
      return store.create(record)
    },
    write(id, change) {
      turn.stored ||= change.set?.edited !== undefined
      return store.write(id, change)
    },
  }
  const sessions =
    createStore === null ? null : createSessions<Record<string, unknown>>({ store: { ...store, ...watched } })
  let server: Promise<AdapterServer> | undefined
  return async (act, mostMs) => {
    const setting = { sessions, layer, begin: beginningOf(name), act: () => turn.act, aside: () => turn.aside }
    if (server === undefined) {
      server = column.serve(setting)
      opened.push(server)
    }
    const { origin } = await server
    turn = createTurn(act, !isLong(layer, name, act))
    const leaves = act === 'the client leaves'
    const method = act.endsWith('HEAD') ? 'HEAD' : 'GET'
    const stores = leaves && sessions !== null && !name.startsWith('fails')
    let fate: Fate | undefined
    const crashes = await watchCrashes(async () => {
      const { onHead, onBytes } = turn
      fate = await ask(origin, { isHttp2: column.isHttp2, method, leaves, onHead, onBytes })
      const giveUpAt = performance.now() + mostMs
      while (!(turn.finished && (turn.stored || !stores)) && performance.now() < giveUpAt) await tick()
    })
    return { ...(fate as Fate), crashes, finished: turn.finished, stored: turn.stored }
  }
}

function beginningOf(name: string): (session: Session<Record<string, unknown>>) => unknown {
  if (name === STORED_BEFORE) return (session) => session.update('seen', () => 1)
  return (session) => Object.assign(session.data, { seen: 1 })
}
