import { createSessions, type EndedAll, type Health, type ScannedSession, type SessionErrorCode } from 'sojourn'
import { expectTypeOf } from 'vitest'

const sessions = createSessions()

expectTypeOf(sessions.setup()).resolves.toEqualTypeOf<void>()
expectTypeOf(sessions.count()).resolves.toEqualTypeOf<number>()
expectTypeOf(sessions.health({ timeout: '500ms' })).resolves.toEqualTypeOf<Health>()
expectTypeOf<Health['code']>().toEqualTypeOf<SessionErrorCode | undefined>()
// @ts-expect-error: a duration has a unit
void sessions.health({ timeout: '500' })

for await (const session of sessions.all()) {
  expectTypeOf(session).toEqualTypeOf<ScannedSession>()
  expectTypeOf(session.userId).toEqualTypeOf<string | null>()
}

const { removed } = await sessions.endAll({ reason: 'incident' })
expectTypeOf(removed).resolves.toEqualTypeOf<number>()
expectTypeOf<EndedAll>().toEqualTypeOf<Awaited<ReturnType<typeof sessions.endAll>>>()
// @ts-expect-error: the reason is a text
void sessions.endAll({ reason: 1 })
