import type { NewUser, Users } from './users.ts'

export const demoUsers: readonly NewUser[] = [
  { email: 'alice@example.com', name: 'Alice', password: 'lantern-in-the-window' },
  { email: 'bob@example.com', name: 'Bob', password: 'last-ferry-tonight' },
]

/** Makes those that are not there yet. */
export async function addDemoUsers(users: Users): Promise<void> {
  for (const user of demoUsers) await users.add(user)
}
