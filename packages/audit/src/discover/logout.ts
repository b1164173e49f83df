import { type Exchange, isHtml } from '../http/exchange.ts'
import { fill, StepFailed } from '../recipe/fill.ts'
import type { State } from '../recipe/logged-in-check.ts'
import { stateOf } from '../recipe/logged-in-check.ts'
import type { LoggedInCheck, Step } from '../recipe/recipe.ts'
import { runSteps } from '../recipe/run-steps.ts'
import { withoutBoundParts } from './addresses.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { endpointOffers, offersOf, tokenNamesOf } from './logout-offers.ts'
import { tryLogin } from './try-login.ts'

export interface FoundLogout {
  readonly steps: readonly Step[]
  /** The login steps, with what the logout needs of them. */
  readonly login: readonly Step[]
}

/** Finds a form or link on a logged-in page, or an endpoint, that really logs the client out. */
export async function findLogout(
  explorer: Explorer,
  candidate: Candidate,
  check: LoggedInCheck,
  refreshToken: string | null,
): Promise<FoundLogout | null> {
  const search = createSearch(explorer, candidate, check, refreshToken)
  const landed = withoutBoundParts(explorer.address(candidate.exchanges.at(-1)?.request.url ?? '/'))
  const pages = new Set([landed, check.get, '/'])
  for (const place of pages) {
    const last = await search.open(place)
    if (last?.response == null) continue
    for (const steps of offersOf(explorer, last.response.body, last.request.url, tokenNamesOf(candidate))) {
      const found = await search.tryOut(steps)
      if (found !== null) return withNeeds(candidate, found)
    }
  }
  for (const steps of endpointOffers(explorer, candidate)) {
    const found = await search.tryOut(steps)
    if (found !== null) return withNeeds(candidate, found)
  }
  return search.likely === null ? null : withNeeds(candidate, search.likely)
}

interface Search {
  /** A client that keeps its bearer token can only go by the answer. */
  readonly likely: readonly Step[] | null
  open(place: string): Promise<Exchange | undefined>
  tryOut(steps: readonly Step[]): Promise<readonly Step[] | null>
}

function createSearch(
  explorer: Explorer,
  candidate: Candidate,
  check: LoggedInCheck,
  refreshToken: string | null,
): Search {
  let now = candidate
  let likely: readonly Step[] | null = null
  const variables = (): Map<string, string> =>
    new Map([
      ...explorer.variables,
      ['refreshToken', (now === candidate ? refreshToken : null) ?? now.refreshToken?.value ?? ''],
      ['accessToken', now.client.bearer ?? ''],
    ])

  async function stateNow(): Promise<State> {
    const url = fill(check.get, explorer.variables)
    return stateOf(await now.client.send({ url, purpose: 'is it logged out' }), check, explorer.variables)
  }

  async function run(steps: readonly Step[]): Promise<Exchange | undefined> {
    try {
      const { exchanges } = await runSteps(now.client, steps, variables(), 'try to log out', explorer.learn)
      return exchanges.at(-1)
    } catch (error) {
      if (error instanceof StepFailed) return undefined
      throw error
    }
  }

  async function tryOut(steps: readonly Step[], depth = 0): Promise<readonly Step[] | null> {
    const last = await run(steps)
    const status = last?.response?.status ?? 0
    const answered = status > 0 && status < 400
    // A request to an unknown address changes nothing, so it needs no test.
    if (status === 404 || status === 405) return null
    if ((await stateNow()) === 'out') {
      if (answered) return steps
      // The request was refused, but ended the session. The next attempt needs a client that is logged in.
      now = (await tryLogin(explorer, candidate.steps, candidate.words)) ?? now
      return null
    }
    if (!answered || last === undefined) return null
    if (isHtml(last.response)) return depth > 0 ? null : confirmed(last)
    const isBearerAlone = now.client.bearer !== null && now.client.cookies().length === 0
    if (isBearerAlone && last.request.method !== 'GET' && !(await answersAnything(last))) likely ??= steps
    return null
  }

  /** Follows a page that asks for confirmation. */
  async function confirmed(page: Exchange): Promise<readonly Step[] | null> {
    for (const steps of offersOf(explorer, page.response?.body ?? '', page.request.url, tokenNamesOf(candidate))) {
      if (steps.at(-1)?.post === undefined) continue
      const found = await tryOut(steps, 1)
      if (found !== null) return found
    }
    return null
  }

  async function answersAnything({ request }: Exchange): Promise<boolean> {
    const url = new URL(request.url)
    url.pathname = `${url.pathname.replace(/\/$/, '')}-${Date.now()}`
    const { response } = await now.client.send({ method: request.method, url: url.href, purpose: 'is it made up' })
    return response !== null && response.status < 400
  }

  return {
    get likely() {
      return likely
    },
    open: async (url) => (await now.client.follow({ url, purpose: 'look for a way to log out' })).at(-1),
    tryOut,
  }
}

function withNeeds({ steps, credential }: Candidate, logout: readonly Step[]): FoundLogout {
  const path = credential?.bearer?.json
  if (path === undefined || !JSON.stringify(logout).includes('${accessToken}')) return { steps: logout, login: steps }
  const login = steps.map((step, i) =>
    i === steps.length - 1 ? { ...step, extract: { ...step.extract, accessToken: { json: path } } } : step,
  )
  return { steps: logout, login }
}
