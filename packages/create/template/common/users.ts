import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { env } from './env.ts'

// What OWASP's Password Storage Cheat Sheet asks of scrypt: 16 MiB of memory, five times.
const COST = { N: 2 ** 14, r: 8, p: 5 }

type User = { id: string; salt: Buffer; hash: Buffer }

// This takes the place of your user table. Sojourn sees only the user id, which is a string.
const users = new Map<string, User>()

export async function addUser(name: string, password: string): Promise<void> {
  const salt = randomBytes(16)
  users.set(name, { id: name, salt, hash: await hashOf(password, salt) })
}

/** The id of the user, or null. It takes as long for an unknown name as for a wrong password. */
export async function checkPassword(name: string, password: string): Promise<string | null> {
  const user = users.get(name)
  const hash = await hashOf(password, user?.salt ?? randomBytes(16))
  return user !== undefined && timingSafeEqual(hash, user.hash) ? user.id : null
}

function hashOf(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, COST, (error, hash) => (error === null ? resolve(hash) : reject(error)))
  })
}

const { DEMO_USER, DEMO_PASSWORD } = env
if (DEMO_USER && DEMO_PASSWORD) await addUser(DEMO_USER, DEMO_PASSWORD)
