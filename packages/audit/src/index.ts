export type { Check } from './audit/audit.ts'
export { type Audit, type AuditOptions, type Clock, type Login, NoLogin, type Probe, type Role } from './audit/audit.ts'
export type { Progress } from './audit/run-audit.ts'
export { type AuditRequest, auditApplication, Refused } from './audit-application.ts'
export { checks } from './checks/index.ts'
export type { TokenSample, TokenSamples } from './checks/lib/sample-tokens.ts'
export { DiscoveryFailed } from './discover/discover.ts'
export type { Client, Credential, HeldCookie, RequestOptions } from './http/client.ts'
export { type Exchange, headerOf } from './http/exchange.ts'
export { type JudgedCookie, judgeCookie } from './judge/cookie/judge-cookie.ts'
export { decode } from './judge/decode/decode.ts'
export type { Decoded, DecodedKind } from './judge/decode/decoded.ts'
export { guessSecret } from './judge/decode/guess-secret.ts'
export { type Reveal, revealsOf } from './judge/decode/reveals.ts'
export { type HarEntry, readHar } from './judge/har/har.ts'
export { judgeHar } from './judge/har/judge-har.ts'
export { type ScoreOptions, scoreTokens, type TokenScore } from './judge/tokens/score.ts'
export type { PartScore } from './judge/tokens/score-part.ts'
export type { TokenVerdict } from './judge/tokens/verdict.ts'
export type { Evidence, MaskedExchange, Variable } from './model/evidence.ts'
export {
  type Confidence,
  cannotJudge,
  type Finding,
  type Fix,
  fail,
  inform,
  notApplicable,
  pass,
  SEVERITIES,
  type Severity,
  VERDICTS,
  type Verdict,
} from './model/finding.ts'
export type { ApplicationFacts, CheckFacts, CheckResult, Need, Report, ReportedFinding } from './model/report.ts'
export { REPORT_VERSION } from './model/report.ts'
export type { State } from './recipe/logged-in-check.ts'
export type { Extract, LoggedInCheck, Recipe, Step, User } from './recipe/recipe.ts'
export { parseRecipe, RecipeError } from './recipe/recipe-file.ts'
export { toHtml } from './report/html/page.ts'
export { toJunit } from './report/junit.ts'
export { type SarifOptions, toSarif } from './report/sarif.ts'
