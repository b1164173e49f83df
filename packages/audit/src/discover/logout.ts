import { stateOf } from '../audit/judge-state.ts'
import type { Client } from '../http/client.ts'
import { type Link, type Page, readPage } from '../http/page.ts'
import { fill, StepFailed } from '../recipe/fill.ts'
import type { LoggedInCheck, Step } from '../recipe/recipe.ts'
import { runSteps } from '../recipe/run-steps.ts'
import { withoutBoundParts } from './bound-address.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { formStep } from './form-step.ts'

/** What a way out is called. */
export const LOGOUT_WORDS: RegExp =
  /log[ _-]?(out|off)|sign[ _-]?(out|off)|abmelden|d[ée]connexion|cerrar sesi[oó]n|esci\b|uitloggen/i

const ENDPOINTS = ['/logout', '/api/logout', '/auth/logout', '/api/auth/logout', '/signout', '/sign-out']

/** A form or link that a logged-in page offers, or a usual endpoint, that really puts the client out. */
export async function findLogout(
  explorer: Explorer,
  candidate: Candidate,
  check: LoggedInCheck,
  refreshToken: string | null,
): Promise<readonly Step[] | null> {
  const { client } = candidate
  const variables = new Map([
    ...explorer.variables,
    ...(refreshToken === null ? [] : [['refreshToken', refreshToken] as const]),
  ])
  const landed = withoutBoundParts(explorer.address(candidate.exchanges.at(-1)?.request.url ?? '/'))
  const pages = new Set([landed, check.get, '/'])
  for (const place of pages) {
    const last = (await client.follow({ url: place, purpose: 'look for a way to log out' })).at(-1)
    if (last?.response == null) continue
    const page = readPage(last.response.body, last.request.url)
    for (const steps of offersOf(explorer, last.request.url, page))
      if (await works({ ...explorer, variables }, client, steps, check)) return steps
  }
  for (const steps of ENDPOINTS.flatMap((endpoint) => endpointSteps(endpoint, candidate.refreshToken?.path))) {
    if (await works({ ...explorer, variables }, client, steps, check)) return steps
  }
  return null
}

/** Some ask for the refresh token that is to end, under the name they gave it out by. */
function endpointSteps(endpoint: string, refreshPath: string | undefined): Step[][] {
  const name = refreshPath?.split('.').at(-1)
  const withToken: Step[][] = name === undefined ? [] : [[{ post: endpoint, json: { [name]: '${refreshToken}' } }]]
  return [...withToken, [{ post: endpoint }], [{ get: endpoint }]]
}

function offersOf(explorer: Explorer, url: string, { forms, links }: Page): Step[][] {
  const isWayOut = (words: string) => LOGOUT_WORDS.test(words)
  const byForm = forms
    .filter(({ text, action }) => isWayOut(text) || isWayOut(new URL(action).pathname))
    .toSorted(byModesty)
    .map((form) => formStep(explorer, url, form, new Map()))
  const byLink = links
    .filter(({ text, href }) => explorer.engine.isInScope(new URL(href)) && isWayOut(`${text} ${href}`))
    .toSorted(byModesty)
    .map((link) => linkSteps(explorer, url, link))
  return [...byForm, ...byLink]
}

/** To end every session of the user is more than was asked. */
const byModesty = (a: { text: string }, b: { text: string }) =>
  Number(ENDS_MORE.test(a.text)) - Number(ENDS_MORE.test(b.text))
const ENDS_MORE = /\b(everywhere|all|other)\b/i

/** A link may hold a nonce: it is taken anew from the page each time. */
function linkSteps(explorer: Explorer, url: string, { href, text }: Link): Step[] {
  const words = LOGOUT_WORDS.exec(text)?.[0] ?? LOGOUT_WORDS.exec(href)?.[0] ?? ''
  return [{ get: explorer.address(url), extract: { way_out: { link: words } } }, { get: '${way_out}' }]
}

async function works(
  explorer: Explorer,
  client: Client,
  steps: readonly Step[],
  check: LoggedInCheck,
): Promise<boolean> {
  try {
    const { exchanges } = await runSteps(client, steps, explorer.variables, 'try to log out', explorer.learn)
    const status = exchanges.at(-1)?.response?.status ?? 0
    if (status === 0 || status >= 400) return false
  } catch (error) {
    if (error instanceof StepFailed) return false
    throw error
  }
  // Who holds a bearer token holds it until it forgets it; the answer is all there is to go by.
  if (client.bearer !== null && client.cookies().length === 0) return true
  const look = await client.send({ url: fill(check.get, explorer.variables), purpose: 'is it logged out' })
  return stateOf(look, check, explorer.variables) === 'out'
}
