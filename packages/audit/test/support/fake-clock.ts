export interface FakeClock {
  now(): number
  wait(ms: number): Promise<void>
}

/** Time passes when somebody waits, and not otherwise. */
export function fakeClock(): FakeClock {
  let now = 0
  return {
    now: () => now,
    async wait(ms) {
      now += ms
    },
  }
}
