import type { Audit, Check, Login } from '../audit/audit.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'
import { StepFailed } from '../recipe/fill.ts'
import { type Attempts, createAttempts, lookForEffect, undo } from './lib/forge/attempts.ts'
import { OVER_HTTP, sendersOf } from './lib/forge/senders.ts'
import { strictSeconds } from './lib/strict-transport.ts'

export const crossSiteRequests: Check = {
  id: 'cross-site-requests',
  title: 'Forged requests of other sites take no effect',
  wstg: ['WSTG-SESS-05'],
  asvs: ['3.5.1', '3.5.2', '3.5.3', '3.3.2'],
  cwe: [352],
  severity: 'high',
  proves:
    'Whether the action takes effect if another site makes the victim’s browser send it: as a form, as a link, as disguised JSON, with a method override; without a token, with an empty one or one of the attacker’s own; from pages that show their origin and pages that hide it; with the cookies that browsers send along.',
  cannotProve: 'Anything about actions that the recipe does not name.',
  why: 'A page on any site can make a visitor’s browser act in the visitor’s name.',
  fix: {
    text: 'Refuse unsafe methods whose Sec-Fetch-Site is not same-origin (or none), and without that header those whose Origin is another; or require a token bound to the session. SameSite=Lax is an additional defense. Change nothing on GET.',
    snippets: {
      express:
        "if (!['GET', 'HEAD'].includes(req.method) && !['same-origin', 'none'].includes(req.get('sec-fetch-site') ?? '')) return res.sendStatus(403)",
      Django: "MIDDLEWARE = [..., 'django.middleware.csrf.CsrfViewMiddleware']",
      Rails: 'protect_from_forgery with: :exception',
      Go: 'http.NewCrossOriginProtection().Handler(mux)',
    },
  },
  needs: ['cookies', 'changes', 'action'],
  async run(audit) {
    const victim = await audit.users.login('victim')
    const problem = await worksProperly(audit, victim)
    if (problem !== null) return [cannotJudge({ about: 'action', title: 'The action does not work', detail: problem })]
    const attacker = await audit.users.login('attacker', audit.app.hasSecondUser ? { role: 'second' } : {})
    const attempts = createAttempts(audit, victim, attacker)
    return [await crossSite(audit, attempts), await sameSite(audit, attempts)]
  },
}

/** Runs the action as intended. If that fails, the failure of a forged one proves nothing. */
async function worksProperly(audit: Audit, victim: Login): Promise<string | null> {
  const { steps = [] } = audit.app.recipe.action ?? {}
  const variables = new Map([...victim.variables, ...audit.users.variablesOf(victim.role)])
  const { origin } = audit.app.target
  const own = steps.map((step) => ({
    ...step,
    headers: { origin, referer: `${origin}/`, 'sec-fetch-site': 'same-origin', ...step.headers },
  }))
  try {
    await audit.users.run(victim, own, 'the action, as it is meant', variables)
  } catch (error) {
    if (error instanceof StepFailed) return error.message
    throw error
  }
  const { seen } = await lookForEffect(audit, victim, variables)
  if (!seen) return 'It ran as the recipe describes, but its effect is not visible.'
  await undo(audit, victim)
  // An effect that is already visible would be attributed to each forged request.
  const value = audit.users.variablesOf(victim.role).get('value') ?? ''
  const before = await lookForEffect(audit, victim, new Map([...variables, ['value', value]]))
  return before.seen
    ? 'Its effect is visible before it is done again; let a step write ${value}, or name an undo.'
    : null
}

async function crossSite(audit: Audit, attempts: Attempts): Promise<Finding> {
  const about = 'other sites'
  const hit = await attempts.first(sendersOf('cross-site', audit.app.target), 'as browsers do')
  if (hit !== null) {
    const detail = `The action took effect when ${hit.sender.name} sent it as ${hit.forged.name} (${hit.forged.method}), with the cookies that browsers send along.`
    return fail({
      about,
      title: 'A forged request takes effect',
      detail,
      evidence: [audit.say.evidence(detail, hit.exchanges)],
    })
  }
  const unclear = attempts.unclear()
  if (unclear !== null) return cannotJudge({ about, title: 'No clear answer', detail: unclear })
  const deeper = await attempts.first(sendersOf('cross-site', audit.app.target), 'all')
  if (deeper === null)
    return pass({ about, title: 'Forged requests are refused', detail: 'None took effect, even with all cookies.' })
  const detail = `Browsers withhold the cookie (SameSite); with it, the action would have taken effect as ${deeper.forged.name}. SameSite is the only defense.`
  return inform({
    about,
    title: 'SameSite is the only defence',
    detail,
    evidence: [audit.say.evidence(detail, deeper.exchanges)],
  })
}

async function sameSite(audit: Audit, attempts: Attempts): Promise<Finding> {
  const about = 'hosts of the same site'
  const hit = await attempts.first(sendersOf('same-site', audit.app.target), 'as browsers do')
  if (hit === null)
    return pass({ about, title: 'Refused too', detail: 'No request of another host of the same site took effect.' })
  if (hit.sender === OVER_HTTP && hit.exchanges.some(({ response }) => strictSeconds(response) > 0)) {
    const detail = `None took effect, except from ${hit.sender.name}, which Strict-Transport-Security keeps browsers from loading.`
    return pass({ about, title: 'Refused too', detail })
  }
  const detail = `The action took effect when ${hit.sender.name} sent it as ${hit.forged.name}. That matters if others control such hosts.`
  return inform({
    about,
    title: 'Taken from hosts of the same site',
    detail,
    evidence: [audit.say.evidence(detail, hit.exchanges)],
  })
}
