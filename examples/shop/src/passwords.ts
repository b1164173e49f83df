import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'

/** Argon2id (the library's default kind) with the least that OWASP's password storage sheet asks for. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** One factor alone: NIST SP 800-63B-4 asks for 15 characters and forbids rules on which ones. */
export const MIN_PASSWORD = 15

export interface Passwords {
  hash(password: string): Promise<string>
  /** With `null` for the hash it takes as long and answers `false`, so that time does not tell who has an account. */
  matches(hashed: string | null, password: string): Promise<boolean>
}

export async function createPasswords(): Promise<Passwords> {
  const decoy = await hash(randomBytes(32), COST)
  return {
    hash: (password) => hash(password.normalize('NFKC'), COST),
    async matches(hashed, password) {
      const right = await verify(hashed ?? decoy, password.normalize('NFKC'))
      return right && hashed !== null
    },
  }
}
