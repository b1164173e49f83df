import { type Exchange, valuesOf } from '../http/exchange.ts'
import { tryLogin } from './complete.ts'
import type { Candidate, Explorer } from './explorer.ts'

/** Whether the application asks browsers for the password itself (HTTP Basic authentication). */
export const asksForBasic = ({ response }: Exchange): boolean =>
  response?.status === 401 && valuesOf(response.headers, 'www-authenticate').some((value) => /\bbasic\b/i.test(value))

/** Some give out a session to who came with the password once; with others there is none. */
export async function basicLogin(explorer: Explorer, url: string): Promise<Candidate | null> {
  const address = explorer.address(url)
  const step = { get: address, headers: { authorization: 'Basic ${basic}' } }
  const candidate = await tryLogin(explorer, [step], `HTTP Basic authentication at ${address}`)
  const status = candidate?.exchanges.at(-1)?.response?.status ?? 0
  return candidate !== null && status > 0 && status < 400 ? candidate : null
}
