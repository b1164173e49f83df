import { createSessions, type Exchange, type RequestView, type Sessions, type SessionsOptions } from 'sojourn'
import { type SealedOptions, sealedSessions } from 'sojourn/sealed'
import { UserAgent } from '../carriers/user-agent.ts'
import { viewOf } from '../carriers/views.ts'

export const KEY = 'k8SN2xJq0vYw5uZr7tBmC4dE6fG9hL1p3aQ='
export const NEW_KEY = 'Zx7cV5bN3mA1sD9fG8hJ6kL4qW2eR0tYuIo='
export const URL_ = 'https://shop.example/cart'
export const ALL = ['ended', 'fresh-token', 'list', 'lost-update'] as const

export type Data = Record<string, unknown>
export type Options = Partial<SealedOptions> & Pick<SessionsOptions<Data>, 'clock' | 'guards' | 'timeouts'>

/** Sessions in the client: with a store for all but the data, or without. */
export function create({ clock, guards, timeouts, ...sealed }: Options = {}): Sessions<Data> {
  const { store, carriers } = sealedSessions({ keys: [KEY], ...sealed })
  return createSessions<Data>({
    store,
    carriers,
    insecureStoreLacks: sealed.revocations === undefined ? ALL : ['lost-update'],
    insecureNoCrossOriginCheck: true,
    warn: () => {},
    ...(clock !== undefined && { clock }),
    ...(guards !== undefined && { guards }),
    ...(timeouts !== undefined && { timeouts }),
  })
}

export const view = (cookie: string | null): RequestView => viewOf(URL_, { headers: cookie === null ? {} : { cookie } })

/** A browser that visits the shop. */
export class Browser {
  readonly #agent = new UserAgent()

  /** The `Cookie` header that it would send now. */
  get cookie(): string {
    return this.#agent.send(URL_) ?? ''
  }

  get names(): readonly string[] {
    return this.#agent.list().map((line) => line.split(' ', 1)[0] ?? '')
  }

  receive(lines: readonly string[]): void {
    for (const line of lines) this.#agent.receive(URL_, line)
  }

  async visit<T>(sessions: Sessions<Data>, work: (exchange: Exchange<Data>) => T | Promise<T>): Promise<T> {
    const exchange = await sessions.open(view(this.cookie))
    const value = await work(exchange)
    const changes = await exchange.commit()
    this.receive(changes.filter(({ name }) => name === 'set-cookie').map(({ value }) => value))
    await exchange.finish()
    return value
  }
}

/** What a copied cookie opens. */
export async function presented(sessions: Sessions<Data>, cookie: string) {
  const { session } = await sessions.open(view(cookie))
  return { userId: session.userId, refused: session.refused, data: { ...session.data } }
}
