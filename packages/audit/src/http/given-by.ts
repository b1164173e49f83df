import type { Exchange } from './exchange.ts'

/** Whether this answer gave the value out: in a `Set-Cookie`, or in its body. */
export function gave({ response }: Exchange, value: string): boolean {
  if (response === null) return false
  const isSet = response.headers.some(([name, held]) => name.toLowerCase() === 'set-cookie' && held.includes(value))
  return isSet || response.body.includes(value)
}
