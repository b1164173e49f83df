export { assert, assertCode, assertEqual, assertRejects } from './assert.ts'
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
