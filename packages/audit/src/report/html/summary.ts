import type { Report } from '../../model/report.ts'
import { count, duration, failuresBySeverity, failuresOf, VERDICT_WORDS, verdictOf } from '../words.ts'
import { html, type Markup } from './markup.ts'

export function verdictLine(report: Report): Markup {
  const [worst] = failuresBySeverity(report)
  const tone = report.untrusted !== null ? 'cannot-judge' : (worst?.[0] ?? 'pass')
  return html`<p class="verdict tone-${tone}">${verdictOf(report)}</p>`
}

/** The first facts: the numbers, how the audit understood the application, and a table of all checks. */
export function summary(report: Report): Markup {
  return html`${notices(report)}
${tiles(report)}
${facts(report)}
${report.results.length > 0 && table(report)}`
}

function notices(report: Report): Markup {
  return html`${report.untrusted !== null && html`<p class="notice tone-critical"><strong>No check has a verdict.</strong> ${report.untrusted}</p>`}
${report.leftBehind.map((what) => html`<p class="notice tone-high"><strong>Not undone:</strong> ${what}</p>`)}`
}

function tiles(report: Report): Markup {
  const severities = failuresBySeverity(report).map(
    ([severity, number]) => html`<li class="tone-${severity}"><b>${number}</b>${severity}</li>`,
  )
  const accepted = failuresOf(report).filter(({ finding }) => finding.accepted).length
  const others = (['cannot-judge', 'inform', 'pass', 'not-applicable'] as const).map(
    (verdict) => html`<li class="tone-${verdict}"><b>${report.counts[verdict]}</b>${VERDICT_WORDS[verdict]}</li>`,
  )
  return html`<ul class="tiles">${severities}${accepted > 0 && html`<li><b>${accepted}</b>accepted</li>`}${others}</ul>`
}

function facts({ application, startedAt, durationMs, timeline }: Report): Markup {
  const rows: readonly (readonly [string, string])[] = [
    ['Login', application.login],
    ['Carried by', application.carriers.join('; ') || 'not found'],
    ['Logged in when', application.loggedInCheck],
    ['Logout', application.logout ?? 'not found'],
    ...(application.loginLimit === undefined ? [] : [['Limit', application.loginLimit] as const]),
    ['Source', application.source === 'recipe' ? 'recipe' : 'discovery'],
    [
      'Run',
      `${startedAt.slice(0, 19).replace('T', ' ')} UTC, ${duration(durationMs)}, ${count(timeline.length, 'request')}`,
    ],
  ]
  return html`<dl class="facts">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

function table({ results }: Report): Markup {
  return html`<h2>Checks</h2>
<div class="scroll" tabindex="0" role="group" aria-label="Checks"><table>
<thead><tr><th scope="col">Check</th><th scope="col">Verdict</th><th scope="col" class="wide">WSTG</th><th scope="col" class="wide">ASVS</th></tr></thead>
<tbody>${results.map(
    ({ check, verdict, severity }) => html`<tr>
<th scope="row"><a href="#check-${check.id}">${check.title}</a></th>
<td>${badge(verdict, severity)}</td>
<td class="wide">${numbers(check.wstg)}</td><td class="wide">${numbers(check.asvs)}</td></tr>`,
  )}</tbody>
</table></div>`
}

function numbers(list: readonly string[]): Markup {
  return html`${list.map((number, i) => html`${i > 0 && ' '}<span class="number">${number}${i < list.length - 1 && ','}</span>`)}`
}

/** The verdict in words and color. The color of a failure shows its severity. */
export function badge(verdict: keyof typeof VERDICT_WORDS, severity: string | null, accepted = false): Markup {
  if (verdict !== 'fail') return html`<span class="badge tone-${verdict}">${VERDICT_WORDS[verdict]}</span>`
  if (accepted) return html`<span class="badge tone-info">accepted</span>`
  return html`<span class="badge tone-${severity ?? 'info'}">fail: ${severity ?? 'info'}</span>`
}
