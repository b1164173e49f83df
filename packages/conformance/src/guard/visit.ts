import {
  createSessions,
  type Exchange,
  type Guard,
  type HeaderChange,
  memoryStore,
  type RequestView,
  type SessionEvent,
  type Sessions,
} from 'sojourn'
import type { GuardContext } from './context.ts'

export type Data = Record<string, unknown>

/** Sessions with the guard under test, and one browser. */
export interface Visit {
  readonly sessions: Sessions<Data>
  readonly events: readonly SessionEvent[]
  /** Every header that went out, and every token that the browser was handed. */
  readonly sent: readonly HeaderChange[]
  readonly tokens: readonly string[]
  /** The browser's next request. */
  request(method?: string, headers?: Readonly<Record<string, string>>): RequestView
  open(view: RequestView): Promise<Exchange<Data>>
  /** Ends the response: the browser takes its cookies, and reads the page. */
  finish(exchange: Exchange<Data>): Promise<void>
}

export async function withVisit(
  ctx: GuardContext,
  work: (visit: Visit) => Promise<void>,
  guard: Guard = ctx.createGuard(),
): Promise<void> {
  const sessions = createSessions<Data>({
    store: memoryStore(),
    guards: [guard],
    // The guard under test stands alone.
    insecureNoCrossOriginCheck: true,
    warn: () => {},
  })
  const events: SessionEvent[] = []
  sessions.on('*', (event) => void events.push(event))
  const [sent, tokens]: [HeaderChange[], string[]] = [[], []]
  const jar = new Map<string, string>()
  let page: Readonly<Record<string, string>> = {}
  try {
    await work({
      sessions,
      events,
      sent,
      tokens,
      request(method = 'GET', headers = {}) {
        const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
        return (ctx.toHonest ?? same)(toView(method, { cookie, ...page, ...headers }))
      },
      open: async (view) => sessions.open(view),
      async finish({ answer, session, commit, finish }) {
        if (answer === null) page = ctx.readPage?.(session, guard) ?? page
        const changes = await commit(answer?.status)
        sent.push(...changes)
        for (const { name, value } of changes) {
          const [, cookie = '', text = ''] = name === 'set-cookie' ? (/^([^=]+)=([^;]*)/.exec(value) ?? []) : []
          if (cookie === '') continue
          if (text === '') jar.delete(cookie)
          else jar.set(cookie, text)
          if (cookie === '__Host-session') tokens.push(text)
        }
        await finish()
      },
    })
  } finally {
    await sessions.close()
  }
}

const same = (view: RequestView): RequestView => view

/** A page of `shop.example` that loads and posts to itself. */
function toView(method: string, headers: Readonly<Record<string, string>>): RequestView {
  const all: Readonly<Record<string, string>> = {
    host: 'shop.example',
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'accept-language': 'en-US,en;q=0.5',
    'sec-fetch-site': method === 'GET' ? 'none' : 'same-origin',
    'sec-fetch-mode': method === 'GET' ? 'navigate' : 'cors',
    ...(method === 'GET' ? {} : { origin: 'https://shop.example' }),
    ...headers,
  }
  return {
    method,
    url: '/cart?step=1',
    secure: true,
    peer: '203.0.113.7',
    header: (name) => (Object.hasOwn(all, name) ? all[name] || null : null),
  }
}
