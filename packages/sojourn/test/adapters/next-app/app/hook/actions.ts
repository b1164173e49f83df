'use server'

import { shared } from '../../shared.ts'

export async function act(form: FormData): Promise<void> {
  const { next, sessions, act, plain } = shared()
  if (plain !== null) await plain()
  else await next.withActionSession(sessions, (session, sent: FormData) => act(session, sent))(form)
}
