import { type Exchange, isHtml } from '../http/exchange.ts'
import { type Link, LOGOUT_WORDS, type Page, readPage } from '../http/page.ts'
import { fill, StepFailed } from '../recipe/fill.ts'
import { type State, stateOf } from '../recipe/logged-in-check.ts'
import type { Extract, LoggedInCheck, Step } from '../recipe/recipe.ts'
import { runSteps } from '../recipe/run-steps.ts'
import { withoutBoundParts } from './addresses.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { formStep } from './form-login.ts'
import { tryLogin } from './try-login.ts'

interface FoundLogout {
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

const ENDPOINTS = ['/logout', '/api/logout', '/auth/logout', '/api/auth/logout', '/signout', '/sign-out']
/** Names of logout endpoints beside a login endpoint. */
const BESIDE = ['logout', 'sign-out', 'signout', 'revoke', 'blacklist']
const MOST_BESIDE = 3

const isWayOut = (words: string) => LOGOUT_WORDS.test(words)

/** Returns the forms and links of a page that log out. */
function offersOf(explorer: Explorer, html: string, url: string, tokenNames: readonly string[]): Step[][] {
  const page = readPage(html, url)
  const byForm = page.forms
    .filter(({ text, action }) => isWayOut(text) || isWayOut(new URL(action).pathname))
    .toSorted(byModesty)
    .map((form) => formStep(explorer, url, form, new Map()))
  const byLink = page.links
    .filter(({ text, href }) => explorer.engine.isInScope(new URL(href)) && isWayOut(`${text} ${href}`))
    .toSorted(byModesty)
    .flatMap((link) => [
      linkSteps(explorer, url, link, page),
      ...withToken(explorer, html, url, page, link, tokenNames),
    ])
  return [...byForm, ...byLink]
}

/** Ending every session of the user would do more than was asked. */
const byModesty = (a: { text: string }, b: { text: string }) =>
  Number(ENDS_MORE.test(a.text)) - Number(ENDS_MORE.test(b.text))
const ENDS_MORE = /\b(everywhere|all|other)\b/i

/** A link may contain a nonce, so it is extracted from the page each time. */
function linkSteps(explorer: Explorer, url: string, { href, text, method }: Link, { metas }: Page): Step[] {
  const words = LOGOUT_WORDS.exec(text)?.[0] ?? LOGOUT_WORDS.exec(href)?.[0] ?? ''
  const get = explorer.address(url)
  const way_out = { link: words }
  if (method === 'get') return [{ get, extract: { way_out } }, { get: '${way_out}' }]
  // Scripts of the page submit it as a form, with the page's anti-forgery token.
  const token = metas.get('csrf-param')
  return [
    { get, extract: { way_out, ...(token !== undefined && { csrf: { meta: 'csrf-token' } }) } },
    {
      post: '${way_out}',
      form: { ...(method !== 'post' && { _method: method }), ...(token !== undefined && { [token]: '${csrf}' }) },
    },
  ]
}

/** Endpoints that scripts name, those beside the login, and the usual addresses. */
function endpointOffers({ hints }: Explorer, { steps, credential, refreshToken }: Candidate): Step[][] {
  const login = steps.at(-1)?.post ?? ''
  const parents = [1, 2].map((up) => login.replace(/\/$/, '').split('/').slice(0, -up).join('/'))
  const own = login.endsWith('/') ? [login.slice(0, -1)] : []
  const beside = [...new Set([...own, ...parents])]
    .filter((parent) => parent !== '' || login !== '')
    .flatMap((parent) => BESIDE.map((name) => `${parent}/${name}${login.endsWith('/') ? '/' : ''}`))
  const refreshName = refreshToken?.path.split('.').at(-1)
  const bodies: unknown[] = [
    ...(refreshName === undefined ? [] : [{ [refreshName]: '${refreshToken}' }]),
    ...(credential?.bearer === undefined ? [] : [{ token: '${accessToken}' }]),
  ]
  return [...new Set([...hints.logouts, ...beside.slice(0, BESIDE.length * MOST_BESIDE), ...ENDPOINTS])].flatMap(
    (post): Step[][] => [...bodies.map((json) => [{ post, json }]), [{ post }], [{ get: post }]],
  )
}

const IS_TOKEN = /token|csrf|nonce/i
/** How a script of the page receives the token. */
const IN_SCRIPT = '[Tt]oken["\']?\\s*[:=]\\s*["\']([\\w-]{16,})["\']'

/** The names under which the forms of this login sent anti-forgery tokens. */
const tokenNamesOf = ({ steps }: Candidate): readonly string[] =>
  steps.flatMap(({ form = {} }) => Object.keys(form)).filter((name) => IS_TOKEN.test(name))

/** What scripts do with a link that has no effect by itself: they send the page's token, in a form or in the address. */
function withToken(
  explorer: Explorer,
  html: string,
  url: string,
  page: Page,
  link: Link,
  names: readonly string[],
): Step[][] {
  const hidden = page.forms
    .flatMap(({ fields }) => fields)
    .find(({ type, name, value }) => type === 'hidden' && IS_TOKEN.test(name) && value !== '')
  const name = hidden?.name ?? (new RegExp(IN_SCRIPT).test(html) ? names[0] : undefined)
  if (name === undefined) return []
  const page_token: Extract = hidden === undefined ? { regex: IN_SCRIPT } : { field: hidden.name }
  const open: Step = { get: explorer.address(url), extract: { page_token } }
  const address = explorer.address(link.href)
  const joint = address.includes('?') ? '&' : '?'
  return [
    [open, { post: address, form: { [name]: '${page_token}' } }],
    [open, { get: `${address}${joint}${encodeURIComponent(name)}=\${page_token}` }],
  ]
}
