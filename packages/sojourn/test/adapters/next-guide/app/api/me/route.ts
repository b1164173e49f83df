import { requireUser, withSession } from 'sojourn/next'
import { sessions } from '@/sessions'

const requireSignedIn = requireUser({ signIn: '/shop' })

export const GET = withSession(
  sessions,
  requireSignedIn((_request, session) => Response.json({ user: session.userId })),
)
