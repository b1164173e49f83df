import { randomUUID } from 'node:crypto'
import type { Database } from 'lmdb'
import type { Passwords } from './passwords.ts'

/** A passkey of a user, as it is stored. */
export interface Passkey {
  /** The credential id, in base64url. */
  readonly id: string
  /** In base64url. */
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
  readonly createdAt: number
}

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
  passkeys(id: string): readonly Passkey[]
  /** `false`: somebody has it already. */
  addPasskey(id: string, passkey: Passkey): Promise<boolean>
  /** Stores its counter. `false`: the user has removed it meanwhile. */
  updatePasskey(id: string, passkey: Passkey): Promise<boolean>
  removePasskey(id: string, passkeyId: string): Promise<void>
}

interface Row extends User {
  readonly passwordHash: string
  readonly passkeys?: readonly Passkey[]
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

  const others = (found: Row, passkeyId: string): Passkey[] =>
    (found.passkeys ?? []).filter(({ id }) => id !== passkeyId)

  /** `owner`: whose passkey it must be before; `undefined`: nobody's. */
  const putPasskey = (id: string, passkey: Passkey, owner: string | undefined): Promise<boolean> =>
    db.transaction(() => {
      const found = row(id)
      if (found === null || db.get(['passkey', passkey.id]) !== owner) return false
      db.put(['passkey', passkey.id], id)
      db.put(['user', id], { ...found, passkeys: [...others(found, passkey.id), passkey] })
      return true
    })

  return {
    add,
    passkeys: (id) => row(id)?.passkeys ?? [],
    addPasskey: (id, passkey) => putPasskey(id, passkey, undefined),
    updatePasskey: (id, passkey) => putPasskey(id, passkey, id),
    async removePasskey(id, passkeyId) {
      await db.transaction(() => {
        const found = row(id)
        if (found === null || db.get(['passkey', passkeyId]) !== id) return
        db.remove(['passkey', passkeyId])
        db.put(['user', id], { ...found, passkeys: others(found, passkeyId) })
      })
    },
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
