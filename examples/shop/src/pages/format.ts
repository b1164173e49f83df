const MONEY = new Intl.NumberFormat('en-IE', {
  style: 'currency',
  currency: 'EUR',
  trailingZeroDisplay: 'stripIfInteger',
})
const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
const AGO = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' })

const STEPS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

export function money(cents: number): string {
  return MONEY.format(cents / 100)
}

export function day(date: Date | number): string {
  return DAY.format(date)
}

/** `3 minutes ago`, `in 11 hours`: the server does not know the reader's time zone, and needs none for this. */
export function ago(date: Date, now: number = Date.now()): string {
  const seconds = (date.getTime() - now) / 1000
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return AGO.format(Math.trunc(seconds / size), unit)
  }
  return 'just now'
}

export function things(count: number): string {
  return count === 1 ? '1 thing' : `${count} things`
}
