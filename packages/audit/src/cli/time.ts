const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `90s` and the like, in ms; `null` when it is no time. */
export function parseTime(text: string): number | null {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  return count === undefined || unit === undefined ? null : Number(count) * (UNITS[unit] ?? 0)
}
