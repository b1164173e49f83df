import { withSession } from 'sojourn/next'
import { sessions } from '@/sessions'

/** `GET` is a mistake that many make. */
export const GET = withSession(sessions, async (_request, session) => {
  await session.logout()
  return new Response(null, { status: 303, headers: { location: '/fixed' } })
})

export const POST = GET
