export type {
  Audit,
  AuditOptions,
  Credential,
  Login,
  Probe,
  Role,
  State,
  TokenSample,
  TokenSamples,
} from './audit/audit.ts'
export type { Check, Need } from './model/check.ts'
export type { Evidence, MaskedExchange, Variable } from './model/evidence.ts'
export { cannotJudge, type Finding, type Fix, fail, inform, notApplicable, pass } from './model/finding.ts'
export type { ApplicationFacts, CheckFacts, CheckResult, Report, ReportedFinding } from './model/report.ts'
export { REPORT_VERSION } from './model/report.ts'
export { type Confidence, SEVERITIES, type Severity, VERDICTS, type Verdict } from './model/verdict.ts'
