/** One visitor: keeps cookies in the simplest way that a browser can, and never follows a redirect. */
export interface Visitor {
  fetch(path?: string, init?: RequestInit): Promise<Response>
  /** The `Cookie` header that it would send. */
  cookie(): string
  /** Its cookies by name. */
  readonly jar: ReadonlyMap<string, string>
}

export function createVisitor(origin: string): Visitor {
  const jar = new Map<string, string>()
  const cookie = (): string => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    jar,
    cookie,
    async fetch(path = '/', init = {}) {
      const headers = new Headers(init.headers)
      if (jar.size > 0 && !headers.has('cookie')) headers.set('cookie', cookie())
      const response = await fetch(origin + path, { redirect: 'manual', ...init, headers })
      for (const line of response.headers.getSetCookie()) keep(jar, line)
      return response
    },
  }
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const at = pair.indexOf('=')
  const isOver = attributes.some((attribute) => /^max-age=(0|-\d+)$/i.test(attribute))
  if (isOver) jar.delete(pair.slice(0, at))
  else jar.set(pair.slice(0, at), pair.slice(at + 1))
}

/** Reads the response's body as text, to its end. */
export async function readAll(response: Response): Promise<string> {
  return response.text()
}

/** Reads a body piece by piece. */
export function createReader(response: Response): { next(): Promise<string | null>; cancel(): Promise<void> } {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  return {
    async next() {
      const piece = await reader?.read()
      return piece === undefined || piece.done ? null : piece.value
    },
    async cancel() {
      await reader?.cancel()
    },
  }
}

/** Creates a promise and the function that resolves it. */
export function createSignal(): { readonly given: Promise<void>; give(): void } {
  let give = (): void => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give: () => give() }
}

/**
 * Returns whether the condition holds within this time. For effects that happen after the client has left, which no response
 * reports.
 */
export async function eventually(holds: () => boolean | Promise<boolean>, withinMs = 5000): Promise<boolean> {
  for (const until = Date.now() + withinMs; Date.now() < until; ) {
    if (await holds()) return true
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return holds()
}
