import type { Audit, Login } from '../audit/audit.ts'
import type { Check } from '../audit/check.ts'
import { type Exchange, headerOf, isHtml } from '../http/exchange.ts'
import { readPage } from '../http/page.ts'
import { percentDecoded } from '../judge/decode/bytes.ts'
import { cannotJudge, type Finding, fail, pass } from '../model/finding.ts'

/** Shorter values turn up in pages by chance. */
const SHORTEST = 12

/** What a parameter with a credential is called (the first in RFC 6750), whatever the cookie is. */
const PARAMETERS = ['access_token', 'auth_token', 'token', 'jwt']

/** A header that nothing but an echo of the request has. */
const MARK = 'x-sojourn-audit-trace'

export const exposure: Check = {
  id: 'exposure',
  title: 'The credential shows up nowhere but where it belongs',
  wstg: ['WSTG-SESS-04'],
  asvs: ['14.2.1', '3.3.4'],
  cwe: [598, 200],
  severity: 'medium',
  proves:
    'Whether the credential stands in addresses, pages, error pages or answers to TRACE, and whether it is taken from an address.',
  cannotProve: 'What scripts do with it in a browser (--browser looks there), or what logs keep.',
  why: 'Addresses end up in logs, histories and the Referer of other sites; what stands in a page is read by any script in it.',
  fix: {
    text: 'Take the credential from one place alone, the cookie or the Authorization header, and never print it.',
    snippets: {
      PHP: 'session.use_only_cookies=1, session.use_trans_sid=0',
      Java: '<tracking-mode>COOKIE</tracking-mode>',
    },
  },
  needs: [],
  async run(audit) {
    const login = await audit.users.sharedLogin()
    await visit(audit, login)
    return [
      inAddresses(audit, login),
      inPages(audit, login),
      await traced(audit, login),
      await takenFromAddress(audit, login),
    ]
  },
}

/** Where a credential might be printed: the page behind the login, a page that is not there, and one with a broken parameter. */
async function visit(audit: Audit, { client }: Login): Promise<void> {
  const page = await audit.ask.as(client)
  await client.follow({ url: '/', purpose: 'look for the credential in a page' })
  await client.send({ url: '/sojourn-audit-not-there', purpose: 'look for the credential in an error page' })
  await client.send({ url: '/%ff', purpose: 'look for the credential in an error page' })
  const { body = '' } = page.exchange.response ?? {}
  const links = readPage(body, page.exchange.request.url).links.filter(
    ({ href }) => new URL(href).origin === audit.app.target.origin,
  )
  for (const { href } of links
    .filter(({ href, text }) => !/(log|sign)[ _-]?(out|off)|delete|remove/i.test(`${href} ${text}`))
    .slice(0, 3)) {
    await client.send({ url: href, purpose: 'look for the credential in a page' })
  }
}

interface Value {
  readonly name: string
  readonly forms: readonly string[]
}

/** All that it held since the login: an id may be renewed with each answer. */
function valuesOf(audit: Audit, { credential, client, exchanges }: Login): Value[] {
  const names = new Set(audit.app.carriers.flat())
  const since = client.exchanges.filter(({ number }) => number > (exchanges.at(-1)?.number ?? 0))
  const held = [...credential.cookies, ...client.cookies(), ...since.flatMap(client.heldAt)]
  const cookies = held.filter(({ name, value }) => names.has(name) && value.length >= SHORTEST)
  const all = cookies.map(({ name, value }): [string, string] => [`cookie ${name}`, value])
  if (credential.bearer !== null) all.push(['bearer token', credential.bearer])
  return all.map(([name, value]) => ({ name, forms: [value, percentDecoded(value), encodeURIComponent(value)] }))
}

/** The first exchange that has one of the values where `where` looks. */
function find(values: readonly Value[], exchanges: readonly Exchange[], where: (exchange: Exchange) => string) {
  for (const exchange of exchanges) {
    const text = where(exchange)
    const value = values.find(({ forms }) => forms.some((form) => text.includes(form)))
    if (value !== undefined) return { exchange, name: value.name }
  }
  return null
}

function inAddresses(audit: Audit, login: Login): Finding {
  const about = 'addresses'
  const addresses = ({ request, response }: Exchange) => {
    const location = headerOf(response, 'location') ?? ''
    const { links, forms } = isHtml(response) ? readPage(response?.body ?? '', request.url) : { links: [], forms: [] }
    return [request.url, location, ...links.map(({ href }) => href), ...forms.map(({ action }) => action)].join('\n')
  }
  const found = find(valuesOf(audit, login), login.client.exchanges, addresses)
  if (found === null)
    return pass({ about, title: 'Not in addresses', detail: 'No redirect, link or form action has the credential.' })
  const detail = `The ${found.name} stands in an address that exchange ${found.exchange.number} leads to.`
  return fail({
    about,
    title: 'The credential stands in an address',
    detail,
    evidence: [audit.say.evidence(detail, [found.exchange])],
  })
}

/** A bearer token has to stand in one answer: the one that gives it out. */
function inPages(audit: Audit, login: Login): Finding {
  const about = 'pages'
  const { bearer } = login.credential
  const giving = new Set(
    bearer === null ? [] : login.exchanges.filter(({ response }) => response?.body.includes(bearer)),
  )
  const pages = login.client.exchanges.filter((exchange) => !giving.has(exchange))
  const found = find(valuesOf(audit, login), pages, ({ response }) => response?.body ?? '')
  if (found === null)
    return pass({
      about,
      title: 'Not in pages',
      detail: 'No page of those that were looked at has the credential, error pages included.',
    })
  const detail = `The ${found.name} stands in the body of an answer (exchange ${found.exchange.number}), where any script of the page can read it.`
  return fail({
    about,
    title: 'The credential stands in a page',
    detail,
    evidence: [audit.say.evidence(detail, [found.exchange])],
  })
}

async function traced(audit: Audit, login: Login): Promise<Finding> {
  const about = 'TRACE'
  const exchange = await login.client.send({
    method: 'TRACE',
    url: '/',
    headers: [[MARK, '1']],
    purpose: 'does TRACE echo the credential',
  })
  // Some answer TRACE as they would GET, with a page that may show the credential by itself.
  const echo = ({ response }: Exchange) => (response?.body.toLowerCase().includes(MARK) ? response.body : '')
  const found = find(valuesOf(audit, login), [exchange], echo)
  if (found === null)
    return pass({ about, title: 'No echo', detail: `TRACE was answered ${exchange.response?.status ?? 'not at all'}.` })
  const detail = `TRACE gives back the ${found.name} that was sent.`
  return fail({
    about,
    severity: 'low',
    title: 'TRACE echoes the credential',
    detail,
    evidence: [audit.say.evidence(detail, [exchange])],
  })
}

/** In an address: as the cookie has it, and as an application that decodes its cookies knows it. */
const asWritten = (value: string) => [...new Set([value, percentDecoded(value)].map(encodeURIComponent))]

async function takenFromAddress(audit: Audit, login: Login): Promise<Finding> {
  const about = 'taken from an address'
  const names = audit.app.carriers.filter((set) => set.length === 1).flat()
  const cookies = login.client.cookies().filter(({ name }) => names.includes(name))
  const { bearer } = login.credential
  const carried = [
    ...cookies.map(({ name, value }) => ({ name, forms: asWritten(value) })),
    ...(bearer === null ? [] : [{ name: 'access_token', forms: [encodeURIComponent(bearer)] }]),
  ]
  const queries = carried.flatMap(({ name, forms }) =>
    [...new Set([name, ...PARAMETERS])].flatMap((parameter) => forms.map((form) => `${parameter}=${form}`)),
  )
  if (queries.length === 0)
    return cannotJudge({ about, title: 'Not tried', detail: 'No single value carries the session.' })
  const places = [
    ...queries.map((query) => ({ query })),
    ...cookies.flatMap(({ name, value }) =>
      asWritten(value).map((form) => ({ pathParameter: `${name.toLowerCase()}=${form}` })),
    ),
  ]
  for (const place of places) {
    const { state, exchange } = await audit.ask.as(
      audit.ask.client('credential in the address'),
      'logged-in check, credential in the address',
      place,
    )
    if (state !== 'in') continue
    const [name] = Object.values(place).join('').split('=')
    const detail = `The credential is taken from the address (${name}), so links with it log in, and logs keep it.`
    return fail({
      about,
      title: 'The credential is taken from the address',
      detail,
      evidence: [audit.say.evidence(detail, [exchange])],
    })
  }
  const tried = new Set(queries.map((query) => query.split('=')[0]))
  const detail = `Tried as parameters: ${[...tried].join(', ')}.`
  return pass({ about, title: 'Not taken from an address', detail })
}
