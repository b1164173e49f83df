/** Tools for authors of stores. The stores of this package use them too. */

export { createGate, type Gate } from './kit/gate.ts'
export { assertIdCursor, assertStorable, isStorableId } from './kit/ids.ts'
export { applyChange } from './kit/records.ts'
