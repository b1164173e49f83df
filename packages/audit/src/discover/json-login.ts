import { type HttpResponse, isHtml } from '../http/exchange.ts'
import type { Step } from '../recipe/recipe.ts'
import { withSlash } from './addresses.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { tryLogin } from './try-login.ts'

const ENDPOINTS = [
  '/login',
  '/api/login',
  '/auth/login',
  '/api/auth/login',
  '/api/v1/auth/login',
  '/api/v1/login',
  '/api/sessions',
  '/api/session',
  '/sessions',
  '/session',
  '/users/login',
  '/api/users/login',
  '/rest/user/login',
  '/signin',
  '/api/signin',
  '/auth/signin',
  '/auth/sign-in',
  '/api/auth/sign-in/email',
  '/api/auth/signin',
  '/api/auth/authenticate',
  '/authenticate',
  '/api/authenticate',
  '/rest/login',
  '/api/token',
  '/token',
  '/auth/token',
  '/oauth/token',
  '/auth/jwt/login',
  '/api/v1/login/access-token',
  '/auth',
]

/** A server that lets requests to unknown addresses wait would cost a timeout for each guess. */
const MOST_UNANSWERED = 2

/** Tries every endpoint that accepts a POST and that scripts name or that is at a usual address. */
export async function* jsonLogins(explorer: Explorer): AsyncGenerator<Candidate> {
  let unanswered = 0
  const seen = new Set<string>()
  for (const guess of new Set([...explorer.hints.logins, ...ENDPOINTS])) {
    if (unanswered >= MOST_UNANSWERED) return
    const endpoint = await askEmpty(explorer, guess)
    if (endpoint === 'no answer') unanswered += 1
    if (endpoint === 'no answer' || endpoint === null || seen.has(endpoint.address)) continue
    seen.add(endpoint.address)
    let refused: Candidate | null = null
    for (const { step, words } of attemptsAt(explorer, endpoint)) {
      const candidate = await tryLogin(explorer, [step], words)
      const response = candidate?.exchanges.at(-1)?.response
      if (candidate === null || response == null || response.status === 429) return
      if (response.status >= 400) refused ??= candidate
      // There is neither a cookie nor a token, so this was not a login.
      if (response.status >= 300 || (candidate.credential === undefined && candidate.client.cookies().length === 0))
        continue
      yield candidate
    }
    // It leads nowhere, but is listed among what was tried.
    if (refused !== null) yield refused
  }
}

interface Endpoint {
  readonly address: string
  /** The answer to an empty request. */
  readonly empty: HttpResponse
}

/** Sends an empty request, which does not count as a wrong password. */
async function askEmpty(explorer: Explorer, url: string): Promise<Endpoint | 'no answer' | null> {
  const exchange = await explorer.client('explorer').send({
    method: 'POST',
    url,
    headers: [['content-type', 'application/json']],
    body: '{}',
    purpose: 'look for a login endpoint',
  })
  const { response } = exchange
  if (response === null) return 'no answer'
  const slashed = withSlash(exchange)
  if (slashed !== null && !url.endsWith('/')) return askEmpty(explorer, slashed)
  // An endpoint that reports a missing field with an error of its own exists.
  if ([404, 405].includes(response.status) || (response.status >= 500 && !speaksOAuth(response))) return null
  // Pages, and redirects to them, are for people.
  const isPage = (response.status >= 300 && response.status < 400) || isHtml(response)
  return isPage ? null : { address: url, empty: response }
}

const speaksOAuth = ({ body }: HttpResponse) => /grant_?type|invalid_client|unsupported_grant|client_?id/i.test(body)

interface Attempt {
  readonly step: Step
  readonly words: string
}

/** As JSON with each name that the user field may have; then as a form, as OAuth's password grant requires. */
function attemptsAt({ user, hints }: Explorer, { address, empty }: Endpoint): Attempt[] {
  const keys = keysFor(user.name)
  // If the endpoint asks for a field by its name, others are not tried, because each attempt counts as a wrong password.
  const named = keys.filter((key) => new RegExp(`["'\\[.]${key}\\b`, 'i').test(empty.body))
  const tried = named.length > 0 ? named : keys
  const asJson = tried.map((key) => ({
    step: { post: address, json: { [key]: '${user}', password: '${password}' }, follow: false },
    words: `POST ${address} with ${key} and password as JSON`,
  }))
  const takesGrants = speaksOAuth(empty) || /\/(tokens?|access-token)\/?$|\/jwt\//.test(address)
  if (!takesGrants && empty.status !== 415) return asJson
  const form = {
    grant_type: 'password',
    [named[0] ?? 'username']: '${user}',
    password: '${password}',
    // Some servers grant no rights if it is missing.
    scope: '',
    ...(hints.clientId !== null && { client_id: hints.clientId }),
  }
  const asForm = {
    step: { post: address, form, follow: false },
    words: `POST ${address} as a form, grant_type=password`,
  }
  return [...asJson, asForm]
}

const keysFor = (name: string) =>
  name.includes('@') ? ['email', 'username', 'login'] : ['username', 'user', 'login', 'email']
