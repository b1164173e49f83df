import type { Client } from '../http/client.ts'
import { readPage } from '../http/page.ts'
import { fill } from '../recipe/fill.ts'
import type { LoggedInCheck } from '../recipe/recipe.ts'
import type { Explorer } from './explorer.ts'
import { isLoginForm } from './form-login.ts'

/** A browser that was closed since the login: it holds what is kept on disk. `null` where that is nothing, or all. */
export function returningClient(explorer: Explorer, client: Client): Client | null {
  const kept = client.cookies().filter(({ expiresAt }) => expiresAt !== null)
  if (kept.length === 0 || kept.length === client.cookies().length) return null
  const returning = explorer.client('browser that was closed')
  for (const cookie of kept) returning.hold(cookie)
  return returning
}

/**
 * A name that a login form remembers is no sign of a login: where that form shows what the check looks for, the page of a
 * logged-in user is one without the form. `null` where no text tells them apart.
 */
export async function unlessRemembered(
  explorer: Explorer,
  client: Client,
  returning: Client | null,
  check: LoggedInCheck,
): Promise<LoggedInCheck | null> {
  if (returning === null) return check
  const ask = (who: Client) =>
    who.send({ url: check.get, purpose: 'does a form that asks for the password look like it' })
  const { request, response } = await ask(returning)
  const form = response?.body ?? ''
  const isForm = response?.status === 200 && readPage(form, request.url).forms.some(isLoginForm)
  if (!isForm || !form.includes(fill(check.text ?? '', explorer.variables))) return check
  const name = nameOfPassword(form)
  const mine = (await ask(client)).response?.body ?? ''
  return name === null || mine.includes(name) ? null : { ...check, notText: name }
}

/** As it is written in the page: `name="password"`. */
function nameOfPassword(html: string): string | null {
  const field = html.match(/<input\b[^>]*>/gi)?.find((tag) => /\stype=["']?password\b/i.test(tag))
  return /\sname=["']?[\w.[\]-]+["']?/i.exec(field ?? '')?.[0].trim() ?? null
}
