/** A JSON Web Token in its three parts. Nothing is verified. */
export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  readonly signature: string
  /** Header and payload as they were sent. */
  readonly signed: string
}

export function parseJwt(token: string): Jwt | null {
  const [head, body, signature, ...rest] = token.split('.')
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0) return null
  const header = objectOf(head)
  const payload = objectOf(body)
  if (header === null || payload === null || typeof header.alg !== 'string') return null
  return { header, payload, signature, signed: `${head}.${body}` }
}

function objectOf(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

export const encodePart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
