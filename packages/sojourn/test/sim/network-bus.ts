import type { SessionId } from 'sojourn'
import type { Bus, BusListener } from '../../src/stores/around/near-cache/bus.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface BusWeather {
  /** A message takes up to so long. */
  readonly delayMs: number
  /** At this chance, with each message, its receiver is cut off without a word for up to so long. */
  readonly cut: number
  readonly cutMs: number
}

export const FAIR_BUS: BusWeather = { delayMs: 20, cut: 0, cutMs: 0 }
export const FOUL_BUS: BusWeather = { delayMs: 200, cut: 0.02, cutMs: 4_000 }

/** Gives each server its end of one bus, on which messages arrive late, in order, or not at all. */
export function networkBus(weather: BusWeather, time: VirtualTime, random: () => number): () => Bus {
  const ends: ((ids: readonly SessionId[]) => void)[] = []

  return () => {
    const listeners = new Set<BusListener>()
    let lastAt = 0
    let cutUntil = 0
    let cuts = 0

    /** After all that is on its way already; never, when the connection breaks meanwhile. */
    function deliver(run: () => void): void {
      lastAt = Math.max(lastAt, time.now() + random() * weather.delayMs)
      const before = cuts
      time.after(lastAt - time.now(), () => {
        if (cuts === before && time.now() >= cutUntil) run()
      })
    }

    function cut(): void {
      cuts++
      const lengthMs = random() * weather.cutMs
      cutUntil = time.now() + lengthMs
      time.after(lengthMs, () => {
        for (const listener of listeners) listener.lost()
      })
    }

    ends.push((ids) => {
      if (random() < weather.cut && time.now() >= cutUntil) cut()
      deliver(() => {
        for (const listener of listeners) listener.changed(ids)
      })
    })

    return {
      name: 'network',
      publish(ids) {
        for (const end of ends) end(ids)
      },
      probe: () => new Promise((resolve) => deliver(resolve)),
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    }
  }
}
