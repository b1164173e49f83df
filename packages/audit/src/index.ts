export {
  type Audit,
  type AuditOptions,
  type Credential,
  type Login,
  NoLogin,
  type Probe,
  type Role,
  type State,
  type TokenSample,
  type TokenSamples,
} from './audit/audit.ts'
export { type AuditRequest, auditApplication, Refused } from './audit/audit-application.ts'
export type { Progress } from './audit/run-audit.ts'
export { checks } from './checks/index.ts'
export { DiscoveryFailed } from './discover/discover.ts'
export type { Client, HeldCookie, RequestOptions } from './http/client.ts'
export { type Exchange, headerOf } from './http/exchange.ts'
export type { Check, Need } from './model/check.ts'
export type { Evidence, MaskedExchange, Variable } from './model/evidence.ts'
export { cannotJudge, type Finding, type Fix, fail, inform, notApplicable, pass } from './model/finding.ts'
export type { ApplicationFacts, CheckFacts, CheckResult, Report, ReportedFinding } from './model/report.ts'
export { REPORT_VERSION } from './model/report.ts'
export { type Confidence, SEVERITIES, type Severity, VERDICTS, type Verdict } from './model/verdict.ts'
export { parseRecipe, RecipeError } from './recipe/parse-recipe.ts'
export type { Extract, LoggedInCheck, Recipe, Step, User } from './recipe/recipe.ts'
