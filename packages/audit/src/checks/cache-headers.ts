import type { Audit, Check } from '../audit/audit.ts'
import { type Exchange, headerOf, valuesOf } from '../http/exchange.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'

export const cacheHeaders: Check = {
  id: 'cache-headers',
  title: 'What caches may keep',
  wstg: ['WSTG-SESS-04', 'WSTG-ATHN-06'],
  asvs: ['14.3.2'],
  cwe: [525],
  severity: 'low',
  proves: 'Which Cache-Control the page of a logged-in user, and the answer that issues the credential, send.',
  cannotProve: 'That caches obey it, or that other pages send the same.',
  why: 'A shared cache that keeps such an answer gives one user’s session or page to the next; a browser that keeps it shows it after logout.',
  fix: {
    text: 'Send Cache-Control: no-store with every answer to a logged-in user, and with every answer that sets a session cookie.',
    snippets: {
      express: "app.use((req, res, next) => { res.set('Cache-Control', 'no-store'); next() })",
      Django: '@never_cache, or UpdateCacheMiddleware left out for logged-in users',
      nginx: 'add_header Cache-Control "no-store" always;',
    },
  },
  needs: [],
  async run(audit) {
    const login = await audit.users.sharedLogin()
    const page = await audit.ask.as(login.client)
    // The value from the login: visitors may have received another one before.
    const pairs = login.credential.cookies
      .filter(({ name }) => audit.app.carriers.flat().includes(name))
      .map(({ name, value }) => `${name}=${value}`)
    const sets = (exchange: Exchange, is: (pair: string) => boolean) =>
      valuesOf(exchange.response?.headers ?? [], 'set-cookie').some((line) => is(line.split(';')[0]?.trim() ?? ''))
    const giving =
      login.exchanges.find((exchange) => sets(exchange, (pair) => pairs.includes(pair))) ??
      // Renewed since: the last value that the login received.
      login.exchanges.findLast((exchange) =>
        sets(exchange, (pair) => audit.app.carriers.flat().includes(pair.split('=')[0] ?? '')),
      )
    const token = login.credential.bearer
    const answer =
      giving ?? login.exchanges.find(({ response }) => token !== null && response?.body.includes(token) === true)
    return [
      judgeCaching(audit, 'page of a logged-in user', page.exchange),
      answer === undefined
        ? cannotJudge({ about: 'credential', title: 'No answer seen', detail: 'No answer issued the credential.' })
        : judgeCaching(audit, 'answer that gives out the credential', answer),
    ]
  },
}

function judgeCaching(audit: Audit, about: string, exchange: Exchange): Finding {
  const value = headerOf(exchange.response, 'cache-control')?.toLowerCase() ?? ''
  const words = new Set(value.split(',').map((word) => word.trim().split('=')[0] ?? ''))
  const said = value === '' ? 'no Cache-Control' : `Cache-Control: ${value}`
  const evidence = [audit.say.evidence(`The ${about} comes with ${said}.`, [exchange])]
  if (words.has('no-store')) return pass({ about, title: 'no-store', detail: `The ${about} comes with ${said}.` })
  if (words.has('public') || words.has('s-maxage')) {
    const detail = `The ${about} comes with ${said}: shared caches may keep it and give it to others.`
    return fail({ about, severity: 'medium', title: 'Shared caches may keep it', detail, evidence })
  }
  // Shared caches must not store answers to a request with Authorization (RFC 9111, 3.5).
  const isForOne = headerOf(exchange.request, 'authorization') !== null
  if (isForOne || words.has('private') || words.has('no-cache') || exchange.request.method !== 'GET') {
    const detail = `The ${about} comes with ${said}: no shared cache keeps it, a browser may.`
    return inform({ about, title: 'Browsers may keep it', detail, evidence })
  }
  const detail = `The ${about} comes with ${said}: caches may decide themselves whether to keep it.`
  return fail({ about, title: 'Caches may keep it', detail, evidence })
}
