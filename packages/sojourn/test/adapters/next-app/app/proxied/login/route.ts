import { shared } from '../../../shared.ts'

export function POST(request: Request): Promise<Response> {
  const { next, sessions } = shared()
  return next.withSession(sessions, async (_, session) => {
    await session.login('ada')
    return new Response(session.userId)
  })(request)
}
