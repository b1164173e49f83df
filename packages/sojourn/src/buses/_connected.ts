import { SessionError } from '../core/contracts/errors.ts'
import { within } from '../core/lib/within.ts'
import type { Bus, BusListener } from '../stores/around/near-cache/bus.ts'
import { fromMessage, toMessages } from './_message.ts'
import { createOutbox } from './_outbox.ts'

/** One connection that listens. */
export interface Wire {
  send(message: string): Promise<unknown>
  /** Resolves when the listener has received everything that was sent to it before. */
  probe(): Promise<unknown>
  close(): unknown
}

/** What a wire reports. */
export interface WireEvents {
  /** A message to all nodes. It may be anything, so it is checked here. */
  received(text: unknown): void
  /** Messages may have been missed. The wire recovers by itself. */
  interrupted(error?: unknown): void
  /** Messages may have been missed, and the wire cannot be used any more. */
  ended(error?: unknown): void
}

export interface ConnectedBusOptions {
  readonly name: string
  /** The maximum length of one message. */
  readonly maxLength: number
  /**
   * `node` is unique among all nodes and names a channel of its own. `signal` aborts if nobody waits any more: then `connect`
   * must leave nothing open.
   */
  readonly connect: (events: WireEvents, node: string, signal: AbortSignal) => Promise<Wire>
}

/** A server that accepts a connection or a message but does not answer is given up after this time. */
const ANSWER_MS = 5000

/** A bus over a connection that opens when it is first needed. If the connection was lost, the next proof opens another one. */
export function connectedBus({ name, maxLength, connect }: ConnectedBusOptions): Bus {
  const node = crypto.randomUUID()
  const listeners = new Set<BusListener>()
  let wire: Promise<Wire> | null = null
  let isLeft = false

  function lost(error?: unknown): void {
    for (const listener of listeners) listener.lost(error)
  }

  function open(): Promise<Wire> {
    // A change may still be under way when the last listener leaves. Nobody would close what it opens.
    if (isLeft) throw new SessionError('ERR_CLOSED', `Nobody listens to the ${name} bus any more.`)
    if (wire !== null) return wire
    let isOver = false
    const giveUp = new AbortController()
    /** Events of a wire that was given up are ignored. */
    const end = (error?: unknown): void => {
      if (isOver) return
      isOver = true
      if (wire === mine) wire = null
      lost(error)
    }
    const connecting = connect(
      {
        received(text) {
          const message = isOver ? null : fromMessage(text, maxLength)
          if (message === null || message.node === node) return
          for (const listener of listeners) listener.changed(message.ids)
        },
        interrupted: (error) => isOver || lost(error),
        ended: end,
      },
      node,
      giveUp.signal,
    )
    const mine: Promise<Wire> = inTime(connecting, name)
    wire = mine
    mine.catch((error: unknown) => {
      end(error)
      giveUp.abort()
      // It may connect later: close it then.
      connecting.then((late) => late.close()).catch(() => undefined)
    })
    return mine
  }

  return {
    name,
    publish: createOutbox(async (ids) => {
      const { send } = await open()
      await inTime(Promise.all(toMessages(node, ids, maxLength).map(send)), name)
    }),
    async probe() {
      const opening = open()
      const found = await opening
      try {
        await inTime(found.probe(), name)
      } catch (error) {
        // The connection died silently: the next proof opens a new one.
        if (isLate(error) && wire === opening) {
          wire = null
          found.close()
        }
        throw error
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      isLeft = false
      return async () => {
        listeners.delete(listener)
        isLeft = listeners.size === 0
        const open = isLeft ? wire : null
        if (open === null) return
        wire = null
        await open.then(
          (found) => found.close(),
          () => undefined,
        )
      }
    },
  }
}

function inTime<T>(work: Promise<T>, name: string): Promise<T> {
  const message = `The ${name} bus does not answer. Check that its server is running and reachable.`
  return within(ANSWER_MS, work, () => new SessionError('ERR_STORE_TIMEOUT', message))
}

function isLate(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'ERR_STORE_TIMEOUT'
}

/** Checks a name that is inserted into commands unescaped. */
export function assertChannel(channel: string, bus: string): void {
  if (!/^[a-z][a-z0-9_]{0,20}$/.test(channel))
    throw new SessionError('ERR_OPTION', `${bus}: channel must be up to 21 of a-z, 0-9 and _, and begin with a letter.`)
}
