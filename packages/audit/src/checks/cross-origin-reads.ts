import type { Audit, Check, Login } from '../audit/audit.ts'
import { headerOf } from '../http/exchange.ts'
import { cannotJudge, fail, inform, pass } from '../model/finding.ts'
import { goesWith } from './lib/forge/senders.ts'

export const crossOriginReads: Check = {
  id: 'cross-origin-reads',
  title: 'Scripts of other sites cannot read pages of a logged-in user',
  wstg: ['WSTG-CLNT-07', 'WSTG-SESS-05'],
  asvs: ['3.4.2', '3.5.8'],
  cwe: [942, 346],
  severity: 'high',
  proves: 'Whether the page of a logged-in user lets another origin read it with credentials (CORS).',
  cannotProve: 'Anything about other pages, or other ways of sharing.',
  why: 'A page on any site could read what the user sees, anti-forgery tokens included, and act in the user’s name.',
  fix: {
    text: 'Allow origins from a fixed list, compared as a whole; never echo the Origin header with Access-Control-Allow-Credentials.',
    snippets: { express: "cors({ origin: ['https://app.example.com'], credentials: true })" },
  },
  needs: ['cookies'],
  async run(audit) {
    const about = 'CORS'
    const login = await audit.users.sharedLogin()
    const { hostname, protocol } = audit.app.target
    const origins = ['https://attacker.example', 'null', `${protocol}//${hostname}.attacker.example`]
    for (const origin of origins) {
      const exchange = await login.client.send({
        url: audit.app.recipe.loggedIn.get.includes('${') ? '/' : audit.app.recipe.loggedIn.get,
        headers: [['origin', origin]],
        purpose: 'may another origin read it',
      })
      if (exchange.response === null) return [cannotJudge({ about, title: 'No answer', detail: `${exchange.fault}.` })]
      const allowed = headerOf(exchange.response, 'access-control-allow-origin')
      const withCredentials = headerOf(exchange.response, 'access-control-allow-credentials') === 'true'
      if (allowed !== origin || !withCredentials) continue
      const detail = `The origin ${origin} may read the page with the user’s cookies.`
      const evidence = [audit.say.evidence(detail, [exchange])]
      if (goesAlong(audit, login)) return [fail({ about, title: 'Other sites can read pages', detail, evidence })]
      return [
        inform({
          about,
          title: 'SameSite is the only defence',
          detail: `${detail} Browsers keep the cookie back (SameSite).`,
          evidence,
        }),
      ]
    }
    return [pass({ about, title: 'Other origins cannot read pages', detail: `Tried: ${origins.join(', ')}.` })]
  },
}

/** Requests of other sites' scripts carry the cookies that a POST from there would carry. */
function goesAlong(audit: Audit, { client }: Login): boolean {
  const goes = new Set(
    client
      .cookies()
      .filter((cookie) => goesWith(cookie, 'cross-site', 'POST', 'navigate'))
      .map(({ name }) => name),
  )
  return audit.app.carriers.some((names) => names.every((name) => goes.has(name)))
}
