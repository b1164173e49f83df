/** The clock of this process, for attacks that take hours. Timers are not affected. */

const Real = Date
let aheadMs = 0

class Shifted extends Real {
  /** @param {any[]} parts */
  constructor(...parts) {
    if (parts.length === 0) super(Real.now() + aheadMs)
    else super(.../** @type {[number]} */ (parts))
  }
  /** @override */
  static now() {
    return Real.now() + aheadMs
  }
}

/** Call it before an application starts, because it may keep `Date.now`. */
export function beginTime() {
  aheadMs = 0
  globalThis.Date = /** @type {DateConstructor} */ (/** @type {unknown} */ (Shifted))
}

/** @param {number} ms */
export function pass(ms) {
  aheadMs += ms
}

export function endTime() {
  globalThis.Date = Real
}
