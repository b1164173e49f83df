export {
  type Audit,
  type AuditOptions,
  type Clock,
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
export { decode } from './decode/decode.ts'
export type { Decoded, DecodedKind } from './decode/decoded.ts'
export { guessSecret } from './decode/guess-secret.ts'
export { type Reveal, revealsOf } from './decode/reveals.ts'
export { DiscoveryFailed } from './discover/discover.ts'
export type { Client, HeldCookie, RequestOptions } from './http/client.ts'
export { type Exchange, headerOf } from './http/exchange.ts'
export type { Check, Need } from './model/check.ts'
export type { Evidence, MaskedExchange, Variable } from './model/evidence.ts'
export { cannotJudge, type Finding, type Fix, fail, inform, notApplicable, pass } from './model/finding.ts'
export type { ApplicationFacts, CheckFacts, CheckResult, Report, ReportedFinding } from './model/report.ts'
export { REPORT_VERSION } from './model/report.ts'
export { type Confidence, SEVERITIES, type Severity, VERDICTS, type Verdict } from './model/verdict.ts'
export { type HarEntry, readHar } from './offline/har.ts'
export { type JudgedCookie, judgeCookie } from './offline/judge-cookie.ts'
export { judgeHar } from './offline/judge-har.ts'
export type { OfflineFinding } from './offline/remark.ts'
export { parseRecipe, RecipeError } from './recipe/parse-recipe.ts'
export type { Extract, LoggedInCheck, Recipe, Step, User } from './recipe/recipe.ts'
export { toHtml } from './report/html.ts'
export { toJunit } from './report/junit.ts'
export { type SarifOptions, toSarif } from './report/sarif.ts'
export { type ScoreOptions, scoreTokens, type TokenScore } from './tokens/score.ts'
export type { PartScore } from './tokens/score-part.ts'
export type { TokenVerdict } from './tokens/verdict.ts'
