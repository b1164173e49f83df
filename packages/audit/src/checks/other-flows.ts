import type { Check } from '../audit/audit.ts'
import type { Exchange } from '../http/exchange.ts'
import { cannotJudge, fail, pass } from '../model/finding.ts'
import { StepFailed } from '../recipe/fill.ts'

export const otherFlows: Check = {
  id: 'puzzling',
  title: 'Steps of other flows do not log in',
  wstg: ['WSTG-SESS-08'],
  asvs: ['7.6.2', '7.2.4'],
  cwe: [841],
  severity: 'critical',
  proves:
    'Whether a client is logged in after the first steps of the flows that the recipe names (a forgotten password, a sign-up), without a password.',
  cannotProve: 'Anything about flows that the recipe does not name.',
  why: 'One flow stores a variable in the session ("this is the user whose password is reset"), and another may take it for a login.',
  fix: {
    text: 'Keep what a flow needs under its own name, and store who is logged in under a name that only the login writes.',
  },
  needs: [],
  async run(audit) {
    const flows = audit.app.recipe.puzzles ?? []
    if (flows.length === 0) {
      const detail = 'The recipe names no other flow (puzzles): the first step of a forgotten password, of a sign-up.'
      return [cannotJudge({ about: 'flows', title: 'No other flow is known', detail })]
    }
    const findings = []
    for (const [i, steps] of flows.entries()) {
      const about = `flow ${i + 1}`
      const client = audit.ask.client(about)
      let exchanges: readonly Exchange[] = []
      const stranger = {
        role: 'first',
        client,
        sent: [],
        credential: { cookies: [], bearer: null },
        refreshToken: null,
        exchanges: [],
        variables: new Map(),
      } as const
      try {
        exchanges = (await audit.users.run(stranger, steps, about)).exchanges
      } catch (error) {
        if (!(error instanceof StepFailed)) throw error
        findings.push(cannotJudge({ about, title: 'A step does not work', detail: error.message }))
        continue
      }
      const { state, exchange } = await audit.ask.as(client)
      const evidence = [audit.say.evidence('The steps, and the logged-in check after them.', [...exchanges, exchange])]
      if (state === 'in')
        findings.push(
          fail({
            about,
            title: 'Logged in without a password',
            detail: 'After these steps the client is logged in.',
            evidence,
          }),
        )
      else if (state === 'unknown')
        findings.push(
          cannotJudge({
            about,
            title: 'No clear answer',
            detail: `Answered ${exchange.response?.status ?? exchange.fault}.`,
          }),
        )
      else
        findings.push(
          pass({
            about,
            title: 'Nobody is logged in',
            detail: 'After these steps the client is not logged in.',
            evidence,
          }),
        )
    }
    return findings
  },
}
