import { shared } from '../../shared.ts'

async function handle(request: Request): Promise<Response> {
  const { next, sessions, handle } = shared()
  return next.withSession(sessions, (_, session) => {
    const { pathname, search } = new URL(request.url)
    return handle(session, { method: request.method, url: pathname + search })
  })(request)
}

export { handle as DELETE, handle as GET, handle as PATCH, handle as POST, handle as PUT }
