/** For authors of stores: what the stores of this package are made with. */
export { applyChange } from './kit/apply-change.ts'
export { createGate, type Gate } from './kit/gate.ts'
export { assertIdCursor, assertStorable, isStorableId } from './kit/ids.ts'
