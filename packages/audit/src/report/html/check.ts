import type { Evidence, MaskedExchange } from '../../model/evidence.ts'
import type { Fix } from '../../model/finding.ts'
import type { CheckResult, ReportedFinding } from '../../model/report.ts'
import { html, type Markup } from './markup.ts'
import { badge } from './summary.ts'
import { tokenGraphs } from './token-graphs.ts'

/** One check with its findings. Failures include their evidence and their fix. */
export function checkSection({ check, verdict, severity, findings }: CheckResult): Markup {
  const numbers = [...check.wstg, ...check.asvs.map((id) => `ASVS ${id}`), ...check.cwe.map((id) => `CWE-${id}`)]
  const firstFailure = findings.findIndex((finding) => finding.verdict === 'fail')
  return html`<section class="card" id="check-${check.id}">
<div class="line"><h3>${check.title}</h3>${badge(verdict, severity)}</div>
<p class="soft small">${check.id}${numbers.map((number) => ` · ${number}`)}</p>
${findings.map((finding, i) => findingBlock(finding, check, i, i === firstFailure))}
<details><summary>What this check proves, and what it cannot</summary>
<p>${check.proves}</p><p><strong>It cannot prove:</strong> ${check.cannotProve}</p></details>
</section>`
}

function findingBlock(
  finding: ReportedFinding,
  check: CheckResult['check'],
  index: number,
  isFirstFailure: boolean,
): Markup {
  const isFailure = finding.verdict === 'fail'
  const confidence = finding.confidence ?? 'certain'
  return html`<div class="finding">
<p>${badge(finding.verdict, finding.severity ?? check.severity, finding.accepted)}<span><strong>${finding.title}</strong> <span class="soft">(${finding.about}${isFailure && confidence !== 'certain' && `, ${confidence}`})</span></span></p>
<p>${finding.detail}</p>
${finding.data !== undefined && tokenGraphs(finding.data, `${check.id}-${index}`)}
${isFailure && adviceBlock(finding, check, isFirstFailure)}
${(finding.evidence ?? []).map((one) => evidenceBlock(one, isFailure))}
</div>`
}

/** Shows the text that applies to all failures of the check once. */
function adviceBlock({ why, fix }: ReportedFinding, check: CheckResult['check'], isFirst: boolean): Markup {
  const reason = why ?? (isFirst ? check.why : null)
  const remedy = fix ?? (isFirst ? check.fix : null)
  return html`${reason !== null && html`<h4>Why it matters</h4><p>${reason}</p>`}${remedy !== null && fixBlock(remedy)}`
}

function fixBlock({ text, snippets }: Fix): Markup {
  const entries = Object.entries(snippets ?? {})
  return html`<h4>How to fix it</h4><p>${text}</p>
${entries.length > 0 && html`<details><summary>By framework</summary>${entries.map(([name, code]) => html`<p class="small"><strong>${name}</strong></p><pre>${code}</pre>`)}</details>`}`
}

/** The proof of a finding: a sentence, commands to run again, and the recorded exchanges. */
export function evidenceBlock(evidence: Evidence, open: boolean): Markup {
  const { says, curl, variables, exchanges } = evidence
  const body = html`<p>${says}</p>
${variables.length > 0 && html`<dl class="facts">${variables.map(({ name, from }) => html`<dt><code>$${name}</code></dt><dd>${from}</dd>`)}</dl>`}
${curl.length > 0 && html`<pre>${curl.join('\n\n')}</pre>`}
${exchanges.map(exchangeBlock)}`
  if (open) return html`<h4>Evidence</h4>${body}`
  return html`<details><summary>Evidence</summary>${body}</details>`
}

function exchangeBlock({ number, client, purpose, request, response, fault }: MaskedExchange): Markup {
  const sent = [`${request.method} ${request.url}`, ...request.headers.map(([name, value]) => `${name}: ${value}`)]
  const answer =
    response === null
      ? `(no answer: ${fault ?? 'unknown'})`
      : [response.status, ...response.headers.map(([name, value]) => `${name}: ${value}`)].join('\n') +
        withBody(response.body)
  return html`<details><summary>Exchange ${number}: ${purpose} <span class="soft">(${client}, answered ${response?.status ?? 'never'})</span></summary>
<pre>${sent.join('\n')}${withBody(request.body)}</pre><pre>${answer}</pre></details>`
}

function withBody(body: string | null): string {
  return body === null || body === '' ? '' : `\n\n${body}`
}
