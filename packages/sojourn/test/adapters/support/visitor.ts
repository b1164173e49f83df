/** A browser as far as these tests need one: it keeps cookies, and follows nothing by itself. */
export interface Visitor {
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export function createVisitor(origin: string): Visitor {
  const jar = new Map<string, string>()
  return {
    async fetch(path, init = {}) {
      const headers = new Headers(init.headers)
      if (jar.size > 0) headers.set('cookie', [...jar].map((pair) => pair.join('=')).join('; '))
      const response = await fetch(origin + path, { redirect: 'manual', ...init, headers })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (/max-age=0/i.test(line)) jar.delete(name)
        else jar.set(name, value)
      }
      return response
    },
  }
}
