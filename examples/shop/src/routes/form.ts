import type { Request } from 'express'
import { MAX_FIELD } from '../pages/fields.ts'

/** One field of a posted form: always a string, never longer than a field may be. */
export function field(req: Request, name: string): string {
  const value: unknown = req.body?.[name]
  return typeof value === 'string' ? value.slice(0, MAX_FIELD) : ''
}
