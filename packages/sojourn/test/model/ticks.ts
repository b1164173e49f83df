/** Times in the model are whole ticks; core gets them as ms since the epoch. */
const EPOCH_MS = 1_893_456_000_000
const TICK_MS = 1000

export function toMs(tick: number): number {
  return EPOCH_MS + tick * TICK_MS
}

export function isTime(value: number): boolean {
  return value > EPOCH_MS / 2
}

export function toTick(ms: number): number {
  return (ms - EPOCH_MS) / TICK_MS
}
