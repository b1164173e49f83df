import type { Audit, Check, Login } from '../audit/audit.ts'
import { type Exchange, headerOf, isHtml } from '../http/exchange.ts'
import { readPage } from '../http/page.ts'
import { percentDecoded } from '../judge/decode/bytes.ts'
import { cannotJudge, type Finding, fail, pass } from '../model/finding.ts'

/** Shorter values appear in pages by chance. */
const SHORTEST = 12

/** Common names of parameters with a credential (the first in RFC 6750). */
const PARAMETERS = ['access_token', 'auth_token', 'token', 'jwt']

const MARK = 'x-sojourn-audit-trace'

export const exposure: Check = {
  id: 'exposure',
  title: 'The credential appears only where it belongs',
  wstg: ['WSTG-SESS-04'],
  asvs: ['14.2.1', '3.3.4'],
  cwe: [598, 200],
  severity: 'medium',
  proves:
    'Whether the credential appears in addresses, pages, error pages or answers to TRACE, and whether it is accepted from an address.',
  cannotProve: 'What scripts do with it in a browser (--browser tests that), or what logs contain.',
  why: 'Addresses end up in logs, histories and the Referer of other sites; any script in a page can read what the page contains.',
  fix: {
    text: 'Accept the credential from one place only, the cookie or the Authorization header, and never print it.',
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

/** Requests pages that might print a credential: behind the login, missing, and with a broken parameter. */
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

/** Every value since the login, because each answer may renew an id. */
function valuesOf(audit: Audit, { credential, client, exchanges }: Login): Value[] {
  const names = new Set(audit.app.carriers.flat())
  const since = client.exchanges.filter(({ number }) => number > (exchanges.at(-1)?.number ?? 0))
  const held = [...credential.cookies, ...client.cookies(), ...since.flatMap(client.heldAt)]
  const cookies = held.filter(({ name, value }) => names.has(name) && value.length >= SHORTEST)
  const all = cookies.map(({ name, value }): [string, string] => [`cookie ${name}`, value])
  if (credential.bearer !== null) all.push(['bearer token', credential.bearer])
  return all.map(([name, value]) => ({ name, forms: [value, percentDecoded(value), encodeURIComponent(value)] }))
}

/** The first exchange in which `where` finds one of the values. */
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
  const detail = `The ${found.name} is in an address that exchange ${found.exchange.number} leads to.`
  return fail({
    about,
    title: 'The credential is in an address',
    detail,
    evidence: [audit.say.evidence(detail, [found.exchange])],
  })
}

/** A bearer token is allowed in one answer: the one that issues it. */
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
      detail: 'No tested page contains the credential, including error pages.',
    })
  const detail = `The ${found.name} is in the body of an answer (exchange ${found.exchange.number}), where any script of the page can read it.`
  return fail({
    about,
    title: 'The credential is in a page',
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
  // Some servers answer TRACE like GET, with a page that may contain the credential anyway.
  const echo = ({ response }: Exchange) => (response?.body.toLowerCase().includes(MARK) ? response.body : '')
  const found = find(valuesOf(audit, login), [exchange], echo)
  if (found === null)
    return pass({ about, title: 'No echo', detail: `TRACE was answered ${exchange.response?.status ?? 'not at all'}.` })
  const detail = `The answer to TRACE contains the ${found.name} that was sent.`
  return fail({
    about,
    severity: 'low',
    title: 'TRACE echoes the credential',
    detail,
    evidence: [audit.say.evidence(detail, [exchange])],
  })
}

/** In an address: encoded from the cookie's raw value and from its decoded value. */
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
    const detail = `The credential is accepted from the address (${name}), so links with it log in, and logs keep it.`
    return fail({
      about,
      title: 'The credential is accepted from the address',
      detail,
      evidence: [audit.say.evidence(detail, [exchange])],
    })
  }
  const tried = new Set(queries.map((query) => query.split('=')[0]))
  const detail = `Tried as parameters: ${[...tried].join(', ')}.`
  return pass({ about, title: 'Not accepted from an address', detail })
}
