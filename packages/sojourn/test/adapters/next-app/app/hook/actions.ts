'use server'

import { shared } from '../../shared.ts'

export async function act(form: FormData): Promise<void> {
  const { next, sessions, act } = shared()
  await next.withActionSession(sessions, (session, sent: FormData) => act(session, sent))(form)
}
