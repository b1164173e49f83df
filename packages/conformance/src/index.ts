export { assert, assertCode, assertEqual, assertRejects } from './assert.ts'
export { type Case, type CaseContext, CaseFailure, type CaseResult, reasonNotRun, type RunOptions, runCases, toTable } from './case.ts'
