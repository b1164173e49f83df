import { expect, test } from 'vitest'
import type { Audit, Login } from '../src/audit/audit.ts'
import { LoginsLimited } from '../src/audit/login-gate.ts'
import { createPasswordKeeper, SUFFIX } from '../src/checks/lib/password-keeper.ts'

const OLD = 'lantern-in-the-window'

/** A fault: an application that changed the password, and will not log anybody in for a while. */
function limitedAfterChange(limitedTries: number) {
  const done: string[] = []
  let holds = `${OLD}${SUFFIX}`
  let password = ''
  let left = limitedTries
  const login = { client: {} } as Login
  const users = {
    setPassword: (_: string, given: string) => {
      password = given
    },
    async login() {
      done.push(`login with the ${password === OLD ? 'old' : 'new'}`)
      if (left-- > 0) throw new LoginsLimited('limited', Date.now() + 5)
      if (password !== holds) throw new LoginsLimited('wrong, which says nothing', null)
      return login
    },
    async run() {
      done.push('change back')
      holds = OLD
      return { exchanges: [], variables: new Map() }
    },
  }
  const audit = {
    app: { recipe: { passwordChange: { steps: [] } } },
    users,
    ask: { as: async () => ({ state: 'in' }) },
  } as unknown as Audit
  return { audit, login, done, holds: () => holds }
}

test('the password is put back with a session that is alive before a limit is waited for', async () => {
  const { audit, login, done, holds } = limitedAfterChange(1)
  const keeper = createPasswordKeeper(audit, OLD, [login])
  expect(await keeper.putBack()).toBeNull()
  expect(done).toEqual(['login with the old', 'change back', 'login with the old'])
  expect(holds()).toBe(OLD)
})

test('a password that is known to be changed is not tried as the old one first', async () => {
  const { audit, login, done } = limitedAfterChange(0)
  const keeper = createPasswordKeeper(audit, OLD, [])
  keeper.changed(login)
  expect(await keeper.putBack()).toBeNull()
  expect(done).toEqual(['change back', 'login with the old'])
})
