import type { Client, HeldCookie } from '../http/client.ts'
import type { Exchange } from '../http/exchange.ts'
import { textAt } from '../recipe/extract.ts'
import { StepFailed, type Variables } from '../recipe/fill.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { type Learn, runSteps } from '../recipe/run-steps.ts'
import { type Login, NoLogin, type Role } from './audit.ts'

/** Does the login steps of a recipe. Says nothing yet about whether they logged in. */
export async function doLogin(
  client: Client,
  role: Role,
  recipe: Recipe,
  variables: Variables,
  learn: Learn,
): Promise<Login> {
  const done = await runSteps(client, recipe.login, variables, 'log in', learn).catch((error: unknown) => {
    throw error instanceof StepFailed ? new NoLogin(`the login does not work: ${error.message}`) : error
  })
  const take = (path: string | undefined, name: string) => {
    if (path === undefined) return null
    const token = done.exchanges
      .map((exchange) => textAt(exchange.response?.body ?? '', path))
      .findLast((found) => found !== null)
    if (token === undefined || token === null) throw new NoLogin(`no answer to the login has ${name} at ${path}`)
    learn(token, name, `${path} in the answer to the login`)
    return token
  }
  const bearer = take(recipe.credential?.bearer?.json, 'bearer')
  const refreshToken = take(recipe.refresh?.token?.json, 'refresh token')
  if (bearer !== null) client.bearer = bearer
  return {
    role,
    client,
    sent: cookiesSentWith(variables.get('password') ?? '', client, done.exchanges),
    credential: { cookies: client.cookies(), bearer },
    refreshToken,
    exchanges: done.exchanges,
    variables: new Map([
      ...done.variables,
      ...(refreshToken === null ? [] : [['refreshToken', refreshToken] as const]),
    ]),
  }
}

/** What the client held when the password went out; what an attacker planted or saw before then is in it. */
function cookiesSentWith(password: string, client: Client, exchanges: readonly Exchange[]): readonly HeldCookie[] {
  const forms = [
    password,
    encodeURIComponent(password),
    JSON.stringify(password).slice(1, -1),
    new URLSearchParams([['', password]]).toString().slice(1),
  ]
  const carries = ({ request }: Exchange) => forms.some((form) => `${request.url}\n${request.body}`.includes(form))
  const exchange = exchanges.find(carries) ?? exchanges.find(({ request }) => request.method !== 'GET')
  return exchange === undefined ? [] : client.heldAt(exchange)
}
