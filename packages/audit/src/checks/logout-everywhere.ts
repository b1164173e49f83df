import type { Check } from '../audit/audit.ts'
import { cannotJudge, fail, pass } from '../model/finding.ts'
import { otherUserStays } from './lib/two-users.ts'

export const logoutEverywhere: Check = {
  id: 'logout-everywhere',
  title: 'Logging out everywhere ends all sessions',
  wstg: ['WSTG-SESS-06', 'WSTG-SESS-11'],
  asvs: ['7.5.2', '7.4.1'],
  cwe: [613],
  severity: 'high',
  proves: 'Whether another session of the user is refused once the user has ended all sessions.',
  cannotProve: 'That it covers sessions of other kinds: applications, API tokens.',
  why: 'Users do this because they fear that somebody else is logged in.',
  fix: {
    text: 'Keep an index of sessions by user and end each, or store a time for each user before which no session counts.',
  },
  needs: ['changes', 'logout-everywhere'],
  async run(audit) {
    const about = 'other session'
    const owner = await audit.users.login('the one that ends all sessions')
    const other = await audit.users.login('another session')
    // If a login ends the earlier sessions, no session is left to end the others.
    if ((await audit.ask.as(owner.client)).state !== 'in') {
      const detail = 'The session that should end the others ended when another began.'
      return [cannotJudge({ about, title: 'One session at a time', detail })]
    }
    const stranger = audit.app.hasSecondUser ? await audit.users.login('another user', { role: 'second' }) : null
    const done = await audit.users.run(owner, audit.app.recipe.logoutEverywhere ?? [], 'log out everywhere')
    const { state, exchange } = await audit.ask.with('another session, after the logout', other.credential)
    const exchanges = [...owner.exchanges, ...other.exchanges, ...done.exchanges, exchange]
    const evidence = [audit.say.evidence('Another session after all were ended.', exchanges)]
    const ofStranger = stranger === null ? [] : [await otherUserStays(audit, stranger, done.exchanges)]
    if (state === 'in') {
      const detail = 'Another session of the user is still logged in after all were ended.'
      return [fail({ about, title: 'Another session stays valid', detail, evidence }), ...ofStranger]
    }
    const control = await audit.users.login('control', { fresh: true })
    if (state === 'unknown' || (await audit.ask.as(control.client)).state !== 'in') {
      return [
        cannotJudge({
          about,
          title: 'No clear answer',
          detail: `Answered ${exchange.response?.status ?? exchange.fault}.`,
        }),
        ...ofStranger,
      ]
    }
    return [pass({ about, title: 'The other session is over', detail: 'It is refused.', evidence }), ...ofStranger]
  },
}
