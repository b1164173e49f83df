/** A strict parser of the text format of Prometheus, version 0.0.4. Throws at the first line that is wrong. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly type: string
  readonly help: string
  readonly samples: Sample[]
}

const HELP = /^# HELP ([a-zA-Z_:][\w:]*) (.+)$/
const TYPE = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/
const LABEL = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/

export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no line break')
  const families = new Map<string, Family>()
  let help: { name: string; text: string } | null = null
  let current: { name: string; family: Family } | null = null
  for (const line of text.slice(0, -1).split('\n')) {
    const [, helpName, helpText = ''] = HELP.exec(line) ?? []
    const [, typeName, type = ''] = TYPE.exec(line) ?? []
    if (helpName !== undefined) help = { name: helpName, text: helpText }
    else if (typeName !== undefined) {
      if (help?.name !== typeName) throw new Error(`no HELP before: ${line}`)
      if (families.has(typeName)) throw new Error(`a second family of the name: ${line}`)
      current = { name: typeName, family: { type, help: help.text, samples: [] } }
      families.set(typeName, current.family)
    } else {
      if (current === null) throw new Error(`a sample before its type: ${line}`)
      addSample(current.name, current.family, toSample(line))
    }
  }
  for (const [name, family] of families) if (family.type === 'histogram') assertHistogram(name, family)
  return families
}

function addSample(name: string, { type, samples }: Family, sample: Sample): void {
  const endings = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  if (!endings.some((ending) => name + ending === sample.name)) throw new Error(`${sample.name} is not of ${name}`)
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`${name} is a counter without _total`)
  if (type === 'counter' && !(sample.value >= 0)) throw new Error(`${name} is below 0`)
  const isSame = (other: Sample) =>
    other.name === sample.name && JSON.stringify(other.labels) === JSON.stringify(sample.labels)
  if (samples.some(isSame)) throw new Error(`twice: ${JSON.stringify(sample)}`)
  samples.push(sample)
}

function toSample(line: string): Sample {
  const [, name, list = '', value = ''] = SAMPLE.exec(line) ?? []
  if (name === undefined) throw new Error(`not a sample: ${line}`)
  const labels: Record<string, string> = {}
  for (let rest = list; rest !== ''; ) {
    const [whole = '', label, text = ''] = LABEL.exec(rest) ?? []
    if (label === undefined || Object.hasOwn(labels, label)) throw new Error(`wrong labels: ${line}`)
    labels[label] = text.replace(/\\(.)/g, (_, each: string) => (each === 'n' ? '\n' : each))
    rest = rest.slice(whole.length)
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}

/** Buckets grow, end with +Inf, and that one is the count. */
function assertHistogram(name: string, { samples }: Family): void {
  const series = new Map<string, { below: number; last: string; count: number | null }>()
  for (const { name: sample, labels, value } of samples) {
    const { le, ...rest } = labels
    const key = JSON.stringify(rest)
    const found = series.get(key) ?? { below: 0, last: '', count: null }
    series.set(key, found)
    if (sample === `${name}_count`) found.count = value
    if (le === undefined) continue
    if (value < found.below || (found.last !== '' && Number(le.replace('+Inf', 'Infinity')) <= Number(found.last))) {
      throw new Error(`the buckets of ${name} do not grow`)
    }
    Object.assign(found, { below: value, last: le.replace('+Inf', 'Infinity') })
  }
  for (const { below, last, count } of series.values()) {
    if (last !== 'Infinity' || below !== count) throw new Error(`${name} has no bucket of all values`)
  }
}
