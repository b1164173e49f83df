import type { HeaderChange, RequestView } from 'sojourn'

/** A browser that keeps cookies, of another library or of ours. */
export interface Browser {
  readonly cookies: Map<string, string>
  request(): RequestView
  receive(changes: readonly HeaderChange[]): void
  /** The `Cookie` header. */
  header(): string
}

/** `lines`: the `Set-Cookie` headers of a login. */
export function browserOf(lines: readonly string[]): Browser {
  const cookies = new Map<string, string>()
  const header = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const take = (line: string): void => {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '' || /max-age=0/i.test(line)) cookies.delete(name)
    else cookies.set(name, value)
  }
  lines.forEach(take)
  return {
    cookies,
    header,
    request() {
      const cookie = header()
      const view = { method: 'GET', url: '/', secure: true, peer: null }
      return { ...view, header: (name) => (name === 'cookie' && cookie !== '' ? cookie : null) }
    },
    receive(changes) {
      for (const { name, value } of changes) if (name === 'set-cookie') take(value)
    },
  }
}
