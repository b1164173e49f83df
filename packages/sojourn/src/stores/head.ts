import type { Head } from '../core/contracts/record.ts'

/** Checks the fields that core needs. Throws if the value is not a head, because JSON of another form is damage too. */
export function asHead(value: unknown): Head {
  const { secret, secretAt } = Object(value) as Partial<Head>
  if (typeof secret !== 'string' || typeof secretAt !== 'number') throw new TypeError('not a head')
  return value as Head
}
