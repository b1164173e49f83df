import { withSession } from 'sojourn/fetch'
import { sessions } from './sessions.ts'

// biome-ignore lint/style/noDefaultExport: what these runtimes look for
export default { fetch: withSession(sessions, async (_request, session) => Response.json({ user: session.userId })) }
