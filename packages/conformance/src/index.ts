export type {
  AdapterCase,
  AdapterContext,
  AdapterData,
  AdapterHandler,
  AdapterReply,
  AdapterRequest,
  AdapterServer,
} from './adapter/context.ts'
export { adapterCases } from './adapter-cases.ts'
export { assert, assertCode, assertEqual, assertRejects } from './assert.ts'
export { type CarrierClient, type CarrierContext, carrierCases } from './carrier-cases.ts'
export {
  type Case,
  type CaseContext,
  CaseFailure,
  type CaseResult,
  type RunOptions,
  reasonNotRun,
  runCases,
  toTable,
} from './case.ts'
export type { StoreCase, StoreContext } from './store/context.ts'
export { storeCases } from './store-cases.ts'
