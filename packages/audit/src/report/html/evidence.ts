import type { Evidence, MaskedExchange } from '../../model/evidence.ts'
import { html, type Markup } from './markup.ts'

/** What proves a finding: said in a sentence, as commands to run again, and as it went over the wire. */
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
