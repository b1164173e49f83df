import { fromUtf8 } from '../core/lib/bytes.ts'
import { concat } from '../core/token/token.ts'
import { type Timing, within } from '../stores/around/wrapper.ts'

/** How requests to other servers are made. */
export interface Http {
  readonly fetch: typeof fetch
  readonly timing: Timing
  readonly insecureHttp: boolean
}

/** Larger than any honest message. */
export const MAX_BYTES = 1_048_576

/** Reads a body as text. `null` if it is larger than `maxBytes`: whoever sends it chooses the size. */
export async function readText(message: Request | Response, maxBytes: number): Promise<string | null> {
  const parts: Uint8Array[] = []
  let size = 0
  const reader = message.body?.getReader()
  for (let step = await reader?.read(); step?.done === false; step = await reader?.read()) {
    size += step.value.length
    if (size > maxBytes) {
      await reader?.cancel()
      return null
    }
    parts.push(step.value)
  }
  return fromUtf8(concat(...parts))
}

/** Reads a body as JSON. `undefined` if it is none. */
export async function readJson(message: Request | Response, maxBytes: number): Promise<unknown> {
  const text = await readText(message, maxBytes)
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

/** Whether the body has this media type, whatever its parameters. */
export function hasType(message: Request | Response, type: string): boolean {
  const [given = ''] = (message.headers.get('content-type') ?? '').split(';', 1)
  return given.trim().toLowerCase() === type
}

/**
 * Sends a request and reads the answer, within a time limit. A redirect is not followed, because it could lead into a private
 * network.
 */
export async function send<T>(
  { fetch: call, timing }: Pick<Http, 'fetch' | 'timing'>,
  url: URL | string,
  init: RequestInit & { readonly timeoutMs: number },
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal, ...rest } = init
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()

  async function ask(): Promise<T> {
    const response = await call(url, { ...rest, redirect: 'manual', signal: controller.signal })
    try {
      return await read(response)
    } finally {
      // What was not read may never end, and would hold the connection. It may be broken already.
      if (!response.bodyUsed) void response.body?.cancel().catch(() => undefined)
    }
  }

  try {
    // A fetch of the application's may not know the signal.
    return await within(timeoutMs, timing, 'The other server', ask())
  } finally {
    abort()
    signal?.removeEventListener('abort', abort)
  }
}
