import { notFound, permanentRedirect, redirect } from 'next/navigation'
import { shared } from '../../../shared.ts'

export function GET(request: Request): Promise<Response> {
  const { next, sessions } = shared()
  return next.withSession(sessions, async (_, session) => {
    await session.login('ada')
    const to = new URL(request.url).pathname
    if (to.endsWith('redirect')) redirect('/fixed')
    if (to.endsWith('permanent')) permanentRedirect('/fixed')
    notFound()
  })(request)
}
