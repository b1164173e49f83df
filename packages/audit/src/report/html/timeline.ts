import type { MaskedExchange } from '../../model/evidence.ts'
import type { Report } from '../../model/report.ts'
import { duration } from '../words.ts'
import { html, type Markup } from './markup.ts'

const WIDTH = 900
const LEFT = 170
const LANE = 22
/** More lanes are not readable. The table has all clients. */
const MOST_LANES = 16
const MOST_ROWS = 2000

/** Shows when each client sent requests: a lane for each client, a mark for each request. */
export function timeline({ timeline: exchanges }: Report): Markup {
  if (exchanges.length === 0) return html``
  const lanes = lanesOf(exchanges)
  const start = exchanges.reduce((least, { startedAt }) => Math.min(least, startedAt), Number.POSITIVE_INFINITY)
  const end = exchanges.reduce((most, one) => Math.max(most, one.startedAt + one.durationMs), 0)
  const height = lanes.length * LANE + 30
  const span = Math.max(1, end - start)
  const x = (ms: number): number => LEFT + ((ms - start) / span) * (WIDTH - LEFT - 10)
  return html`<h2>Timeline</h2>
<div class="scroll chart" tabindex="0" role="group" aria-label="Timeline"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="timeline-title">
<title id="timeline-title">${exchanges.length} requests in ${duration(span)}, by client; the table below lists them</title>
${ticksOf(span).map((ms) => tick(x(start + ms), height, ms === 0 ? '0' : duration(ms)))}
${lanes.map(({ name, marks }, lane) => laneOf(name, marks, lane, x))}
</svg></div>
<ul class="key">${KEY.map(([style, text]) => html`<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${style}" width="10" height="10" rx="2"/></svg>${text}</li>`)}</ul>
${tableOf(exchanges)}`
}

const KEY = [
  ['s2', 'answered 2xx'],
  ['s3', 'redirect'],
  ['s4', 'refused (4xx)'],
  ['s5', 'server error, or no answer'],
] as const

interface Lane {
  readonly name: string
  readonly marks: readonly MaskedExchange[]
}

function lanesOf(exchanges: readonly MaskedExchange[]): Lane[] {
  const clients = new Map<string, MaskedExchange[]>()
  for (const exchange of exchanges) {
    const marks = clients.get(exchange.client)
    if (marks === undefined) clients.set(exchange.client, [exchange])
    else marks.push(exchange)
  }
  const lanes = [...clients].map(([name, marks]) => ({ name, marks }))
  if (lanes.length <= MOST_LANES) return lanes
  // Clients with one or two requests share a lane.
  const busiest = new Set([...lanes].sort((a, b) => b.marks.length - a.marks.length).slice(0, MOST_LANES - 1))
  const rest = lanes.filter((lane) => !busiest.has(lane))
  return [...busiest]
    .sort((a, b) => lanes.indexOf(a) - lanes.indexOf(b))
    .concat({ name: `${rest.length} others`, marks: rest.flatMap(({ marks }) => marks) })
}

/** About five round times. */
function ticksOf(span: number): number[] {
  const power = 10 ** Math.floor(Math.log10(span / 5))
  const step = power * ([1, 2, 5, 10].find((factor) => span / (power * factor) <= 6) ?? 10)
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, i) => i * step)
}

function tick(at: number, height: number, text: string): Markup {
  const anchor = at > WIDTH - 40 ? 'end' : at === LEFT ? 'start' : 'middle'
  return html`<line class="axis" x1="${round(at)}" x2="${round(at)}" y1="4" y2="${height - 22}"/><text x="${round(at)}" y="${height - 6}" text-anchor="${anchor}">${text}</text>`
}

function laneOf(name: string, marks: readonly MaskedExchange[], lane: number, x: (ms: number) => number): Markup {
  const y = lane * LANE + 6
  const short = name.length > 26 ? `${name.slice(0, 25)}…` : name
  return html`<text x="0" y="${y + 11}">${short}</text>${marks.map((mark) => {
    const from = x(mark.startedAt)
    const width = Math.max(2.5, x(mark.startedAt + mark.durationMs) - from)
    return html`<rect class="s${statusClass(mark)}" x="${round(from)}" y="${y}" width="${round(width)}" height="14" rx="1.5"><title>${mark.number}. ${mark.purpose}: ${mark.request.method} ${mark.request.url} → ${mark.response?.status ?? 'no answer'}</title></rect>`
  })}`
}

function statusClass({ response }: MaskedExchange): number {
  const kind = Math.floor((response?.status ?? 0) / 100)
  return kind >= 2 && kind <= 5 ? kind : 0
}

function tableOf(exchanges: readonly MaskedExchange[]): Markup {
  const shown = exchanges.slice(0, MOST_ROWS)
  return html`<details><summary>All exchanges as a table</summary><div class="scroll" tabindex="0" role="group" aria-label="All exchanges"><table>
${exchanges.length > shown.length && html`<caption>The first ${shown.length} of ${exchanges.length}</caption>`}
<thead><tr><th scope="col">#</th><th scope="col">Client</th><th scope="col">Purpose</th><th scope="col">Request</th><th scope="col">Answer</th><th scope="col">Time</th></tr></thead>
<tbody>${shown.map(
    (one) =>
      html`<tr><td class="number">${one.number}</td><td>${one.client}</td><td>${one.purpose}</td><td><code>${one.request.method} ${one.request.url}</code></td><td class="number">${one.response?.status ?? 'no answer'}</td><td class="number">${duration(one.durationMs)}</td></tr>`,
  )}</tbody></table></div></details>`
}

const round = (value: number): number => Math.round(value * 10) / 10
