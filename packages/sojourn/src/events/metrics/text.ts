/**
 * The text format of Prometheus, version 0.0.4. Names are written with dots here, as OpenTelemetry does, so that both have the same
 * ones.
 */
type Labels = Readonly<Record<string, string>>

/** Seconds. From a store in memory to one that is about to fail. */
const BOUNDS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Labels as they are written: `{reason="logout"}`. */
export function toKey(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeText(text)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

export function counterLines(name: string, help: string, samples: ReadonlyMap<string, number>): string[] {
  const full = `${toName(name)}_total`
  const lines = [...samples].sort(([a], [b]) => (a < b ? -1 : 1)).map(([labels, value]) => `${full}${labels} ${value}`)
  return [...headLines(full, 'counter', help), ...lines]
}

export function gaugeLines(name: string, help: string, value: number): string[] {
  return [...headLines(toName(name), 'gauge', help), `${toName(name)} ${value}`]
}

/** Counts values by their size. */
export interface Histogram {
  observe(labels: Labels, value: number): void
  /** By the labels as they are written. */
  readonly series: ReadonlyMap<string, Series>
}

interface Series {
  readonly labels: Labels
  /** One for each bound. */
  readonly counts: number[]
  count: number
  sum: number
}

export function createHistogram(): Histogram {
  const all = new Map<string, Series>()
  return {
    series: all,
    observe(labels, value) {
      const series = seriesOf(all, labels)
      const index = BOUNDS.findIndex((bound) => value <= bound)
      if (index !== -1) series.counts[index] = (series.counts[index] ?? 0) + 1
      series.count += 1
      series.sum += value
    },
  }
}

function seriesOf(all: Map<string, Series>, labels: Labels): Series {
  const key = toKey(labels)
  const series = all.get(key) ?? { labels, counts: BOUNDS.map(() => 0), count: 0, sum: 0 }
  all.set(key, series)
  return series
}

/** Series with the same labels are added up: a page must not have one twice. */
export function histogramLines(name: string, help: string, histograms: Iterable<Histogram>): string[] {
  const all = new Map<string, Series>()
  for (const { series } of histograms) {
    for (const { labels, counts, count, sum } of series.values()) {
      const total = seriesOf(all, labels)
      for (const [index, more] of counts.entries()) total.counts[index] = (total.counts[index] ?? 0) + more
      total.count += count
      total.sum += sum
    }
  }
  const full = toName(name)
  return [...headLines(full, 'histogram', help), ...[...all.values()].flatMap((series) => seriesLines(full, series))]
}

function seriesLines(name: string, { labels, counts, count, sum }: Series): string[] {
  let below = 0
  const buckets = BOUNDS.map((bound, index) => {
    below += counts[index] ?? 0
    return `${name}_bucket${toKey({ ...labels, le: `${bound}` })} ${below}`
  })
  const key = toKey(labels)
  return [
    ...buckets,
    `${name}_bucket${toKey({ ...labels, le: '+Inf' })} ${count}`,
    `${name}_sum${key} ${sum}`,
    `${name}_count${key} ${count}`,
  ]
}

function headLines(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

function toName(name: string): string {
  return `sojourn_${name.replaceAll('.', '_')}`
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
