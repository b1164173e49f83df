import type { MaybePromise, Store } from 'sojourn'
import type { VirtualTime } from './virtual-time.ts'

/** The faults of calls on the network. All probabilities are fractions of one. */
export interface Weather {
  /** A call takes up to so long each way, */
  readonly delayMs: number
  /** or, at this chance, up to so long. */
  readonly slow: number
  readonly slowMs: number
  /** The call never reaches the store, or it is executed and its answer is lost. */
  readonly lost: number
  readonly answerLost: number
}

export const FAIR: Weather = { delayMs: 3, slow: 0.02, slowMs: 300, lost: 0, answerLost: 0 }
export const FOUL: Weather = { delayMs: 8, slow: 0.05, slowMs: 3_000, lost: 0.03, answerLost: 0.03 }

/** The way from one server to the store: calls overtake each other, come late, or are lost. */
export function networkStore(inner: Store, weather: Weather, time: VirtualTime, random: () => number): Store {
  const trip = (): Promise<void> => time.sleep(random() * (random() < weather.slow ? weather.slowMs : weather.delayMs))

  async function call<T>(work: () => MaybePromise<T>): Promise<T> {
    await trip()
    if (random() < weather.lost) throw new Error('lost on the way')
    const answer = await work()
    await trip()
    if (random() < weather.answerLost) throw new Error('lost on the way back')
    return answer
  }

  return {
    name: 'network',
    read: (id) => call(() => inner.read(id)),
    create: (record) => call(() => inner.create(record)),
    write: (id, change) => call(() => inner.write(id, change)),
    end: (id, tombstone) => call(() => inner.end(id, tombstone)),
    list: (userId) => call(() => inner.list(userId)),
    sweep: (now, limit) => call(() => inner.sweep?.(now, limit) ?? 0),
    close: () => undefined,
  }
}
