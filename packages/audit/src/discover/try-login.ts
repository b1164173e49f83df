import { StepFailed } from '../recipe/fill.ts'
import type { Step } from '../recipe/recipe.ts'
import { runSteps } from '../recipe/run-steps.ts'
import type { Candidate, Explorer } from './explorer.ts'

/** Runs login steps with a clean client, and looks for tokens in the answers. `null` if a step fails. */
export async function tryLogin(explorer: Explorer, steps: readonly Step[], words: string): Promise<Candidate | null> {
  const client = explorer.client('first login')
  explorer.loggedIn.push(client)
  try {
    const { exchanges } = await runSteps(client, steps, explorer.variables, `try ${words}`, explorer.learn)
    const { access, refresh } = tokensIn(exchanges.at(-1)?.response?.body ?? '')
    if (access !== null) {
      explorer.learn(access.value, 'bearer', `${access.path} in the answer to the login`)
      client.bearer = access.value
    }
    if (refresh !== null) explorer.learn(refresh.value, 'refresh token', `${refresh.path} in the answer to the login`)
    return {
      words,
      steps,
      client,
      exchanges,
      ...(access === null ? {} : { credential: { bearer: { json: access.path } } }),
      ...(refresh === null ? {} : { refreshToken: refresh }),
    }
  } catch (error) {
    if (error instanceof StepFailed) return null
    throw error
  }
}

export interface Found {
  readonly path: string
  readonly value: string
}

/** Finds tokens in a JSON answer by their usual names. */
export function tokensIn(body: string): { access: Found | null; refresh: Found | null } {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return { access: null, refresh: null }
  }
  const all = textsOf(parsed, '').filter(({ value }) => value.length >= 16 && !/\s/.test(value))
  const named = (pattern: RegExp) => all.find(({ path }) => pattern.test(path.split('.').at(-1) ?? ''))
  const access =
    named(/^(access[_-]?token|access|jwt|bearer|auth[_-]?token|session[_-]?token)$/i) ??
    named(/^token$/i) ??
    named(/^id[_-]?token$/i)
  return { access: access ?? null, refresh: named(/refresh/i) ?? null }
}

function textsOf(value: unknown, path: string): Found[] {
  if (typeof value === 'string') return [{ path, value }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, held]) => textsOf(held, path === '' ? key : `${path}.${key}`))
}
