import type { Request, Response } from 'express'
import type { Shop } from '../shop.ts'
import type { User } from '../users.ts'

export interface Checked {
  readonly user: User | null
  /** Above zero: there were too many wrong guesses, and this one was not even looked at. */
  readonly waitSeconds: number
}

/** Every password that anybody gives goes through here, so that guessing is bounded wherever it is tried. */
export async function checkPassword(shop: Shop, req: Request, email: string, password: string): Promise<Checked> {
  const network = req.ip ?? 'unknown'
  const waitSeconds = await shop.guesses.spend(network, email)
  if (waitSeconds > 0) return { user: null, waitSeconds }
  const user = await shop.users.check(email, password)
  if (user !== null) await shop.guesses.forget(network, email)
  return { user, waitSeconds: 0 }
}

/** Sets `Retry-After`; gives what to tell the person. */
export function tooManyGuesses(res: Response, waitSeconds: number): string {
  res.set('Retry-After', String(waitSeconds))
  const minutes = Math.ceil(waitSeconds / 60)
  return `Too many tries. Please wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`} and try again.`
}
