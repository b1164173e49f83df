import { randomUUID } from 'node:crypto'
import type { Database } from 'lmdb'
import type { Passwords } from './passwords.ts'

export interface User {
  /** The user id in the session. The e-mail address may change; this never does. */
  readonly id: string
  readonly email: string
  readonly name: string
}

export interface NewUser {
  readonly email: string
  readonly name: string
  readonly password: string
}

export interface Users {
  find(id: string | null): User | null
  /** `null`: the address is taken. */
  add(user: NewUser): Promise<User | null>
  /** `null`: no such user, or not their password. Both take the same time. */
  check(email: string, password: string): Promise<User | null>
  setPassword(id: string, password: string): Promise<void>
}

interface Row extends User {
  readonly passwordHash: string
}

export function createUsers(db: Database, passwords: Passwords): Users {
  const row = (id: string): Row | null => db.get(['user', id]) ?? null
  const byEmail = (email: string): Row | null => row(db.get(['email', toKey(email)]) ?? '')

  async function add({ email, name, password }: NewUser): Promise<User | null> {
    const passwordHash = await passwords.hash(password)
    const user: Row = { id: randomUUID(), email: email.trim(), name: name.trim(), passwordHash }
    return db.transaction(() => {
      if (byEmail(email) !== null) return null
      db.put(['email', toKey(email)], user.id)
      db.put(['user', user.id], user)
      return toUser(user)
    })
  }

  return {
    add,
    find: (id) => toUser(row(id ?? '')),
    async check(email, password) {
      const found = byEmail(email)
      return (await passwords.matches(found?.passwordHash ?? null, password)) ? toUser(found) : null
    },
    async setPassword(id, password) {
      const passwordHash = await passwords.hash(password)
      await db.transaction(() => {
        const found = row(id)
        if (found !== null) db.put(['user', id], { ...found, passwordHash })
      })
    },
  }
}

function toKey(email: string): string {
  return email.trim().toLowerCase()
}

/** The hash stays in this file. */
function toUser(row: Row | null): User | null {
  return row && { id: row.id, email: row.email, name: row.name }
}
