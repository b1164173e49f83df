import { cannotJudge, type Finding, notApplicable } from '../model/finding.ts'
import type { Need } from '../model/report.ts'
import type { RunningAudit } from './create-audit.ts'

interface Lack {
  readonly is: (audit: RunningAudit) => boolean
  readonly finding: (audit: RunningAudit) => Finding
}

const missing = (detail: string) => () => cannotJudge({ about: 'check', title: 'Not run', detail })

const LACKS: Readonly<Record<Need, Lack>> = {
  cookies: {
    is: ({ app: { carriers } }) => carriers.length === 0,
    finding: () =>
      notApplicable({
        about: 'check',
        title: 'No cookie carries the session',
        detail: 'The session is carried by a bearer token.',
      }),
  },
  bearer: {
    is: ({ app: { recipe } }) => recipe.credential?.bearer === undefined,
    finding: () =>
      notApplicable({ about: 'check', title: 'No bearer token', detail: 'The session is carried by cookies.' }),
  },
  changes: {
    is: ({ app: { options } }) => !options.allowChanges,
    finding: missing('It changes state, which needs --allow-changes.'),
  },
  'second-user': {
    is: ({ app: { hasSecondUser } }) => !hasSecondUser,
    finding: missing('It needs a second user: secondUser in the recipe, or --second-user.'),
  },
  logout: {
    is: ({ app: { logoutProblem } }) => logoutProblem !== null,
    finding: ({ app: { logoutProblem } }) =>
      cannotJudge({ about: 'check', title: 'No logout to judge by', detail: logoutProblem ?? '' }),
  },
  'logout-everywhere': {
    is: ({ app: { recipe } }) => recipe.logoutEverywhere === undefined,
    finding: missing('The recipe names no logoutEverywhere.'),
  },
  'password-change': {
    is: ({ app: { recipe } }) => recipe.passwordChange === undefined,
    finding: missing('The recipe names no passwordChange.'),
  },
  refresh: {
    is: ({ app: { recipe } }) => recipe.refresh === undefined,
    finding: missing('The recipe names no refresh.'),
  },
  action: {
    is: ({ app: { recipe } }) => recipe.action === undefined,
    finding: missing('The recipe names no action that a forged request could be tried with.'),
  },
  browser: { is: ({ app: { options } }) => !options.browser, finding: missing('It needs Chromium: --browser.') },
  patience: {
    is: ({ app: { options } }) => options.patienceMs === 0,
    finding: missing('It waits for a timeout, which needs --patience.'),
  },
}

/** Returns why a check with these needs is not run, or `null`. */
export function lackOf(audit: RunningAudit, needs: readonly Need[]): Finding | null {
  const lack = needs.map((need) => LACKS[need]).find(({ is }) => is(audit))
  return lack === undefined ? null : lack.finding(audit)
}
