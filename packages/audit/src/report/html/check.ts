import type { TokenScore } from '../../judge/tokens/score.ts'
import type { PartScore } from '../../judge/tokens/score-part.ts'
import type { Evidence, MaskedExchange } from '../../model/evidence.ts'
import type { Fix } from '../../model/finding.ts'
import type { CheckResult, ReportedFinding } from '../../model/report.ts'
import { html, type Markup } from './markup.ts'
import { badge } from './summary.ts'

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
function evidenceBlock(evidence: Evidence, open: boolean): Markup {
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
  return html`<details><summary>Exchange ${number}: ${purpose} <span class="soft">(${client}, ${response === null ? 'no answer' : `answered ${response.status}`})</span></summary>
<pre>${sent.join('\n')}${withBody(request.body)}</pre><pre>${answer}</pre></details>`
}

function withBody(body: string | null): string {
  return body === null || body === '' ? '' : `\n\n${body}`
}

const WIDTH = 900
const LEFT = 40

/** The graphs of a token score, if the data of a finding contains one. */
function tokenGraphs(data: Readonly<Record<string, unknown>>, id: string): Markup {
  const score = data.score
  if (!isScore(score)) return html``
  const parts = score.parts.filter(({ positions }) => positions.length > 0)
  return html`${parts.slice(0, 4).map((part, i) => html`${entropyGraph(part, `${id}-${i}`)}${testGraph(part, `${id}-${i}`)}`)}`
}

function isScore(value: unknown): value is TokenScore {
  return (
    typeof value === 'object' && value !== null && 'parts' in value && Array.isArray(value.parts) && 'sample' in value
  )
}

/** A bar for each letter: what it could hold, and what remains. */
function entropyGraph({ name, positions, nominalBits, effectiveBits }: PartScore, id: string): Markup {
  const most = Math.max(1, ...positions.map(({ letters }) => Math.log2(letters)))
  const slot = (WIDTH - LEFT) / positions.length
  const height = 120
  const y = (bits: number): number => 10 + (1 - bits / most) * height
  const bar = (style: string, i: number, bits: number, title: string): Markup =>
    html`<rect class="${style}" x="${round(LEFT + i * slot + slot * 0.12)}" y="${round(y(bits))}" width="${round(slot * 0.76)}" height="${round(y(0) - y(bits))}"><title>${title}</title></rect>`
  const label = `Bits by letter of ${name}: ${fixed(effectiveBits)} left of ${fixed(nominalBits)}`
  return html`<h4>${label}</h4><div class="scroll chart" tabindex="0" role="group" aria-label="Graph"><svg viewBox="0 0 ${WIDTH} ${height + 34}" role="img" aria-labelledby="entropy-${id}">
<title id="entropy-${id}">${label}</title>
${[0, most / 2, most].map((bits) => html`<line class="axis" x1="${LEFT}" x2="${WIDTH}" y1="${round(y(bits))}" y2="${round(y(bits))}"/><text x="${LEFT - 6}" y="${round(y(bits) + 4)}" text-anchor="end">${fixed(bits)}</text>`)}
${positions.map(({ position, letters, bits, lowered }, i) => {
  const title = `letter ${position}: ${fixed(bits)} bits${lowered.length > 0 ? ` (${lowered.join('; ')})` : ''}`
  return html`${bar('possible', i, Math.log2(letters), title)}${bar('left', i, bits, title)}`
})}
<text x="${LEFT}" y="${height + 28}">letter 1</text><text x="${WIDTH}" y="${height + 28}" text-anchor="end">letter ${positions.length}</text>
</svg><ul class="key"><li>${swatch('left')}bits left</li><li>${swatch('possible')}taken away by a test, a structure or the size of the sample</li></ul></div>`
}

/** The p-value of each test on a logarithmic scale, and its limit by Holm's procedure. */
function testGraph({ name, tests }: PartScore, id: string): Markup {
  if (tests.length === 0) return html``
  const row = 18
  const height = tests.length * row
  const names = 150
  const most = 12
  const x = (p: number): number =>
    names + (Math.min(most, -Math.log10(Math.max(p, 1e-300))) / most) * (WIDTH - names - 90)
  return html`<h4>Statistical tests: how unlikely each result is by chance</h4><div class="scroll chart" tabindex="0" role="group" aria-label="Graph"><svg viewBox="0 0 ${WIDTH} ${height + 26}" role="img" aria-labelledby="tests-${id}">
<title id="tests-${id}">How unlikely each result would be for random tokens (${name}); failed: ${failedOf(tests)}</title>
${[0, 3, 6, 9, 12].map((power) => html`<line class="axis" x1="${round(x(10 ** -power))}" x2="${round(x(10 ** -power))}" y1="0" y2="${height + 4}"/><text x="${round(x(10 ** -power))}" y="${height + 19}" text-anchor="middle">${power === 0 ? '1' : tenTo(-power)}</text>`)}
${tests.map(({ id: test, p, limit, failed }, i) => {
  const y = i * row
  const width = Math.max(1.5, x(p) - names)
  return html`<text x="0" y="${y + 13}">${test}</text><rect class="${failed ? 'bad' : 'good'}" x="${names}" y="${y + 3}" width="${round(width)}" height="11"/><line class="limit" x1="${round(x(limit))}" x2="${round(x(limit))}" y1="${y}" y2="${y + 17}"/><text x="${WIDTH}" y="${y + 13}" text-anchor="end">${failed ? `fails, ${small(p)}` : small(p)}</text>`
})}
</svg><ul class="key"><li>A bar that passes the dashed line fails; the lines control all tests together (Holm)</li></ul></div>`
}

function failedOf(tests: PartScore['tests']): string {
  const failed = tests.filter((test) => test.failed).map(({ id }) => id)
  return failed.length === 0 ? 'none' : failed.join(', ')
}

function swatch(style: string): Markup {
  return html`<svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${style}" width="10" height="10" rx="2"/></svg>`
}

function small(p: number): string {
  if (p >= 0.001) return p.toFixed(3)
  return p < 1e-300 ? `< ${tenTo(-300)}` : tenTo(Math.round(Math.log10(p)))
}

function tenTo(power: number): string {
  const raised = [...String(-power)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(Number(digit))).join('')
  return `10⁻${raised}`
}

const fixed = (bits: number): string => (Math.round(bits * 10) / 10).toString()
const round = (value: number): number => Math.round(value * 10) / 10
