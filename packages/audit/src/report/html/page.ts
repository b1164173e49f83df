import { createHash } from 'node:crypto'
import { SEVERITIES, VERDICTS } from '../../model/finding.ts'
import type { Report } from '../../model/report.ts'
import { checkSection } from './check.ts'
import { html, type Markup } from './markup.ts'
import { STYLE } from './style.ts'
import { summary, verdictLine } from './summary.ts'
import { timeline } from './timeline.ts'

/** The page runs no script and loads nothing, so even content that was not escaped would be harmless. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`

/** Makes a self-contained page from a report. All content of the application is escaped. */
export function toHtml(unsorted: Report): string {
  const report = { ...unsorted, results: worstFirst(unsorted.results) }
  // The style is our own, and its quotes must stay unescaped.
  const style: Markup = { markup: STYLE }
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Session audit of ${report.target}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#results">To the results</a>
<header>
<p class="soft small">Session audit</p>
<h1>${report.target}</h1>
${verdictLine(report)}
</header>
<main>
${summary(report)}
${report.results.length > 0 && html`<h2 id="results">Findings</h2>`}
${report.results.filter(isOpen).map(checkSection)}
${rest(report)}
${timeline(report)}
</main>
<footer><p>Made by ${report.tool.name} ${report.tool.version} on ${report.startedAt.slice(0, 16).replace('T', ' ')} UTC. Secrets are replaced by <code>$NAMES</code>.</p></footer>
</body>
</html>
`.markup
}

function worstFirst(results: Report['results']): Report['results'] {
  const rankOf = ({ verdict, severity }: Report['results'][number]): number =>
    VERDICTS.indexOf(verdict) * 10 + (severity === null ? 0 : SEVERITIES.indexOf(severity))
  return [...results].sort((a, b) => rankOf(a) - rankOf(b))
}

const isOpen = ({ verdict }: Report['results'][number]): boolean => verdict !== 'not-applicable'

function rest(report: Report): Markup {
  const left = report.results.filter((result) => !isOpen(result))
  if (left.length === 0) return html``
  return html`<h2>Not applicable</h2>
<div class="scroll" tabindex="0" role="group" aria-label="Checks that are not applicable"><table><thead><tr><th scope="col">Check</th><th scope="col">Why</th></tr></thead><tbody>
${left.map(({ check, findings }) => html`<tr id="check-${check.id}"><th scope="row">${check.title}</th><td>${findings[0]?.detail ?? ''}</td></tr>`)}
</tbody></table></div>`
}
