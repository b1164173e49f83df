import { withSession } from 'sojourn/fetch'
import { sessions } from './sessions.ts'

// @ts-expect-error The quickstart's handler has no use for the request, and the rules here are stricter than an application's.
// biome-ignore lint/style/noDefaultExport: what these runtimes look for
export default { fetch: withSession(sessions, async (request, session) => Response.json({ user: session.userId })) }
