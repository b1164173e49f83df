import { textAt } from '../recipe/extract.ts'
import type { Refresh, Step } from '../recipe/recipe.ts'
import { runSteps } from '../recipe/run-steps.ts'
import type { Candidate, Explorer } from './explorer.ts'

const ENDPOINTS = [
  '/auth/refresh',
  '/api/auth/refresh',
  '/refresh',
  '/api/refresh',
  '/token/refresh',
  '/api/token/refresh',
]
const KEYS = ['refresh_token', 'refreshToken', 'refresh', 'token']

export interface FoundRefresh {
  readonly refresh: Refresh
  /** The token that is valid now. That of the login was used. */
  readonly token: string
}

/** Finds where a refresh token of the login is exchanged for a new credential. */
export async function findRefresh(explorer: Explorer, candidate: Candidate): Promise<FoundRefresh | null> {
  const { refreshToken, client } = candidate
  const bearerPath = candidate.credential?.bearer?.json
  if (refreshToken === undefined || bearerPath === undefined) return null
  const variables = new Map([...explorer.variables, ['refreshToken', refreshToken.value] as const])
  // The name under which the login issued it is the most likely one to accept it.
  const own = refreshToken.path.split('.').at(-1) ?? ''
  const login = candidate.steps.at(-1)?.post ?? '/'
  const slash = login.endsWith('/') ? '/' : ''
  const parents = [login.replace(/\/$/, ''), login.replace(/\/[^/]*\/?$/, '')]
  for (const endpoint of new Set([...parents.map((parent) => `${parent}/refresh${slash}`), ...ENDPOINTS])) {
    for (const key of new Set([own, ...KEYS])) {
      const steps: Step[] = [{ post: endpoint, json: { [key]: '${refreshToken}' } }]
      const { exchanges } = await runSteps(client, steps, variables, 'look for the refresh', explorer.learn)
      const response = exchanges.at(-1)?.response
      if (response == null || [404, 405].includes(response.status)) break
      const token = response.status < 300 ? textAt(response.body, bearerPath) : null
      if (token === null) continue
      explorer.learn(token, 'bearer', `${bearerPath} in the answer to the refresh`)
      client.bearer = token
      const next = textAt(response.body, refreshToken.path) ?? refreshToken.value
      explorer.learn(next, 'refresh token', `${refreshToken.path} in the answer to the refresh`)
      return { refresh: { token: { json: refreshToken.path }, steps }, token: next }
    }
  }
  return null
}
