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
export type { CarrierClient, CarrierContext } from './carrier/context.ts'
export { type RecordCarrierContext, recordCarrierCases } from './carrier/records.ts'
export { type TranslateContext, translateCases, type VouchedFor } from './carrier/translate.ts'
export { carrierCases } from './carrier-cases.ts'
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
export type { GuardContext } from './guard/context.ts'
export { guardCases } from './guard-cases.ts'
export { type Crowd, type CrowdOptions, createCrowd, type Failure } from './history/crowd.ts'
export { createHistory, type History, type Leniency, type Losing, type Violation } from './history/history.ts'
export { linearize, type Model, type Operation, type Verdict } from './history/linearize.ts'
export { createRandom } from './history/random.ts'
export type { SessionInput, SessionOperation, SessionOutput, Texts } from './history/session-model.ts'
export type { StoreCase, StoreContext } from './store/context.ts'
export { storeCases } from './store-cases.ts'
