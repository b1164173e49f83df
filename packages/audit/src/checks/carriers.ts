import { carriersElsewhere } from '../audit/elsewhere.ts'
import type { Check } from '../model/check.ts'
import { type Finding, inform } from '../model/finding.ts'
import { judgeRenewal } from './lib/renewal.ts'
import { cookiesOfTwo } from './lib/two-users.ts'

export const carriers: Check = {
  id: 'carriers',
  title: 'What carries the session',
  wstg: ['WSTG-SESS-01', 'WSTG-SESS-06'],
  asvs: ['7.2.1'],
  cwe: [],
  severity: 'info',
  proves:
    'Which cookies or tokens, alone or together, make a request one of a logged-in user, where the logged-in check looks and on the first page; and where answers renew one, whether that before is refused.',
  cannotProve: 'That the application has no other way in.',
  why: 'Each carrier that suffices alone has to be protected, and ended at logout, like the others.',
  fix: { text: 'Let one carrier do, unless a second is meant: a remember-me cookie, say.' },
  needs: [],
  async run(audit) {
    const sets = audit.carriers.map((names): Finding => {
      const list = names.map((name) => `cookie ${name}`).join(' and ')
      const detail = names.length === 1 ? `The ${list} alone is logged in.` : `Together, and only together: ${list}.`
      return inform({ about: list, title: `${list} suffices`, detail })
    })
    const elsewhere = (await carriersElsewhere(audit)).map((name): Finding => {
      const detail = `The cookie ${name} alone is logged in on the first page, though not where the logged-in check looks. What becomes of it at a logout was not tried: a recipe with a check of that page does.`
      return inform({ about: `cookie ${name}`, title: `cookie ${name} suffices for other pages`, detail })
    })
    const findings = [...sets, ...elsewhere, ...(await judgeRenewal(audit)), ...(await cookiesOfTwo(audit))]
    if (audit.recipe.credential?.bearer === undefined) return findings
    const detail = `The token at ${audit.recipe.credential.bearer.json} in the answer to the login, sent as a bearer token.`
    return [...findings, inform({ about: 'bearer', title: 'A bearer token carries the session', detail })]
  },
}
