import type { Client } from '../http/client.ts'
import type { LoggedInCheck } from '../recipe/recipe.ts'
import type { Explorer } from './explorer.ts'

/** A browser that was closed since the login: it holds what is kept on disk. `null` where that is nothing, or all. */
export function returningClient(explorer: Explorer, client: Client): Client | null {
  const kept = client.cookies().filter(({ expiresAt }) => expiresAt !== null)
  if (kept.length === 0 || kept.length === client.cookies().length) return null
  const returning = explorer.client('browser that was closed')
  for (const cookie of kept) returning.hold(cookie)
  return returning
}

/**
 * Who was logged in may stand in the form that asks for the password: then the page of a logged-in user is one without
 * that form. `null` where no text tells them apart.
 */
export function unlikeForm(check: LoggedInCheck, mine: string, form: string): LoggedInCheck | null {
  const field = form.match(/<input\b[^>]*>/gi)?.find((tag) => /\stype=["']?password\b/i.test(tag))
  const name = field === undefined ? undefined : /\sname=["']?[\w.[\]-]+["']?/i.exec(field)?.[0].trim()
  return name === undefined || mine.includes(name) ? null : { ...check, notText: name }
}
