import type { Head } from '../core/contracts/record.ts'

/** What core cannot do without. Throws for what is no head: JSON of another form is damage too. */
export function asHead(value: unknown): Head {
  const { secret, secretAt } = Object(value) as Partial<Head>
  if (typeof secret !== 'string' || typeof secretAt !== 'number') throw new TypeError('not a head')
  return value as Head
}
