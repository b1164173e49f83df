import type { Session, Sessions } from 'sojourn'
import { type FormTokensGuard, type FormTokensOptions, formTokens } from 'sojourn/guards/form-tokens'
import {
  type Client,
  createClient,
  createWorld,
  type RequestOptions,
  type TestData,
  type World,
  type WorldOptions,
} from '../core/kit.ts'

export const FORM = 'application/x-www-form-urlencoded'

/** A browser that loads pages with a form, and submits them. */
export interface Browser extends Client<TestData> {
  /** Loads a page with a form. Returns its token. */
  page(): Promise<string>
  /** Submits a form to a server that parses its body. Returns `accepted`, or why it was refused. */
  submit(token: unknown, request?: RequestOptions, body?: unknown): Promise<string>
  /** Sends JSON, as a script does, with the token in a header. */
  script(token: string | null, request?: RequestOptions): Promise<string>
  login(userId?: string): Promise<void>
}

export interface Shop extends World<TestData> {
  readonly forms: FormTokensGuard
  readonly browser: Browser
  /** For whom the handler acted: the user id, or `a visitor`. */
  readonly acts: string[]
  /** Another browser, also of another process. */
  open(sessions?: Sessions<TestData>, forms?: FormTokensGuard): Browser
}

export function openShop(options: FormTokensOptions = {}, rest: WorldOptions<TestData> = {}): Shop {
  const forms = formTokens(options)
  const world = createWorld<TestData>({ ...rest, guards: [forms, ...(rest.guards ?? [])] })
  const acts: string[] = []
  const reasonOf = (error: unknown): string => {
    const { code, status } = error as { code?: string; status?: number }
    if (code !== 'ERR_DENIED' || status !== 403) throw error
    return String(world.eventsOf('denied').at(-1)?.reason)
  }
  const open: Shop['open'] = (sessions = world.sessions, guard = forms) =>
    createBrowser(sessions, guard, (session) => void acts.push(session.userId ?? 'a visitor'), reasonOf)
  return { ...world, forms, acts, browser: open(), open }
}

type Handler = (session: Session<TestData>) => void

function createBrowser(
  sessions: Sessions<TestData>,
  forms: FormTokensGuard,
  handler: Handler,
  reasonOf: (error: unknown) => string,
): Browser {
  const client = createClient(sessions)

  async function send(body: unknown, request: RequestOptions): Promise<string> {
    const { answer, session, commit, finish } = await client.open({ method: 'POST', ...request })
    let outcome = answer?.reason ?? 'accepted'
    if (answer === null) {
      try {
        forms.assert(session, body)
        handler(session)
      } catch (error) {
        outcome = reasonOf(error)
      }
    }
    client.receive(await commit(outcome === 'accepted' ? 200 : 403))
    await finish()
    return outcome
  }

  const withHeaders = (request: RequestOptions, headers: Readonly<Record<string, string>>): RequestOptions => ({
    ...request,
    headers: { ...headers, ...request.headers },
  })
  const browser: Browser = {
    ...client,
    page: async () => (await client.send((session) => forms.token(session))).value,
    submit: (token, request = {}, body = { _csrf: token, amount: '10' }) =>
      send(body, withHeaders(request, { 'content-type': FORM })),
    script: (token, request = {}) =>
      send(
        { amount: 10 },
        withHeaders(request, { 'content-type': 'application/json', ...(token !== null && { 'x-csrf-token': token }) }),
      ),
    async login(userId = 'ada') {
      const token = await browser.page()
      const exchange = await client.open({ method: 'POST', headers: { 'content-type': FORM } })
      forms.assert(exchange.session, { _csrf: token })
      await exchange.session.login(userId)
      client.receive(await exchange.commit())
    },
  }
  return browser
}
