import type { Session } from 'sojourn'
import type { ShopData } from './sessions.ts'

/** What a challenge is for: a response to one must not count for the other. */
export type Purpose = NonNullable<ShopData['challenge']>['purpose']

const LIFETIME_MS = 5 * 60_000

/** Keeps the challenge in the session, so that no other session can use it. */
export async function keepChallenge(session: Session<ShopData>, purpose: Purpose, text: string): Promise<void> {
  await session.update('challenge', () => ({ purpose, text, until: Date.now() + LIFETIME_MS }))
}

/**
 * Takes the challenge out of the session. It counts once, also if it was wrong: of two requests at the same moment, `update` gives
 * it to one only.
 */
export async function takeChallenge(session: Session<ShopData>, purpose: Purpose): Promise<string | null> {
  let taken: ShopData['challenge']
  await session.update('challenge', (kept) => {
    taken = kept
    return undefined
  })
  return taken?.purpose === purpose && taken.until > Date.now() ? taken.text : null
}
