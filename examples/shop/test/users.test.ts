import { open } from 'lmdb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Passwords } from '../src/passwords.ts'
import { createPasswords } from '../src/passwords.ts'
import { createUsers, type Users } from '../src/users.ts'
import { temporaryFolder } from './shop.ts'

const checked: (string | null)[] = []

/** Writes down what is compared, in place of hashing. */
const passwords: Passwords = {
  hash: async (password) => `hash of ${password}`,
  matches: async (hashed, password) => {
    checked.push(hashed)
    return hashed === `hash of ${password}`
  },
}

const ann = { email: 'ann@example.com', name: 'Ann', password: 'first' }
let users: Users
let cleanup: () => Promise<void>

beforeEach(() => {
  const folder = temporaryFolder()
  const db = open({ path: folder.path })
  users = createUsers(db, passwords)
  checked.length = 0
  cleanup = async () => {
    await db.close()
    folder.remove()
  }
})
afterEach(() => cleanup())

test('a user is known by address and password, however the address is written, and never with the hash', async () => {
  const added = await users.add(ann)
  expect(added).toEqual({ id: expect.any(String), email: 'ann@example.com', name: 'Ann' })
  expect(await users.check(' Ann@Example.com', 'first')).toEqual(added)
  expect(await users.check('ann@example.com', 'second')).toBe(null)
  expect(users.find(added?.id ?? null)).toEqual(added)
  expect(users.find(null)).toBe(null)
})

test('enumeration by time: for an unknown address a password is compared all the same', async () => {
  expect(await users.check('nobody@example.com', 'first')).toBe(null)
  expect(checked).toEqual([null])
})

test('if two people sign up with one address at once, one succeeds', async () => {
  const both = await Promise.all([users.add(ann), users.add({ ...ann, email: 'ANN@example.com', password: 'second' })])
  expect(both.filter((user) => user !== null)).toHaveLength(1)
})

test('a new password replaces the old one', async () => {
  const added = await users.add(ann)
  await users.setPassword(added?.id ?? '', 'second')
  expect(await users.check(ann.email, 'first')).toBe(null)
  expect(await users.check(ann.email, 'second')).toEqual(added)
})

test('passwords are kept as argon2id with the cost that OWASP asks for', async () => {
  const real = await createPasswords()
  const hashed = await real.hash('four words never met')
  expect(hashed).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await real.matches(hashed, 'four words never met')).toBe(true)
  expect(await real.matches(hashed, 'four words ever met')).toBe(false)
  expect(await real.matches(null, 'four words never met')).toBe(false)
})
