import type { Request } from 'express'

/** One field of a posted form: always a string, never longer than `most`. */
export function field(req: Request, name: string, most = 254): string {
  const value: unknown = req.body?.[name]
  return typeof value === 'string' ? value.slice(0, most) : ''
}
