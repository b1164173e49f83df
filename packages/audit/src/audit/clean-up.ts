import type { Client } from '../http/client.ts'
import type { RunningAudit } from './create-audit.ts'

/**
 * Undoes what checks changed, the last change first, then ends every session that the audit made. Resolves to what it could not
 * undo.
 */
export async function putRight(audit: RunningAudit): Promise<readonly string[]> {
  const left: string[] = []
  for (const work of audit.endings.toReversed()) {
    const problem = await work().catch((error: unknown) => String(error))
    if (problem !== null) left.push(problem)
  }
  const { begun } = audit
  const alive: Client[] = []
  for (const client of begun) if (!(await end(audit, client))) alive.push(client)
  if (alive.length > 0) {
    left.push(
      audit.app.recipe.logout === undefined
        ? `${alive.length} sessions that the audit made are still alive because no logout is known`
        : `${alive.length} of ${begun.length} sessions that the audit made could not be ended`,
    )
  }
  return left
}

/** Returns whether this session has ended. */
async function end(audit: RunningAudit, client: Client): Promise<boolean> {
  try {
    if ((await audit.ask.as(client, 'is it still logged in')).state === 'out') return true
    if (audit.app.recipe.logout === undefined) return false
    await audit.users.logout(client)
    return audit.app.carriers.length === 0 || (await audit.ask.as(client, 'is it logged out')).state === 'out'
  } catch {
    return false
  }
}
