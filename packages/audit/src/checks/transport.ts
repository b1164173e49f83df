import type { Audit, Check } from '../audit/audit.ts'
import { headerOf } from '../http/exchange.ts'
import { channelOf } from '../judge/cookie/attributes.ts'
import { cannotJudge, type Finding, fail, inform, pass } from '../model/finding.ts'
import { strictSeconds } from './lib/strict-transport.ts'

/** A year, as the preload list requires. */
const LONG_SECONDS = 31_536_000

export const transport: Check = {
  id: 'transport',
  title: 'TLS only',
  wstg: ['WSTG-SESS-04', 'WSTG-SESS-09', 'WSTG-CRYP-03'],
  asvs: ['3.4.1', '12.2.1'],
  cwe: [319, 523],
  severity: 'medium',
  proves: 'That the application is reached over TLS, and tells browsers to use nothing else.',
  cannotProve: 'The quality of its TLS: versions, ciphers, certificates.',
  why: 'Over plain http, anyone on the network path reads the session, or answers the first request in the server’s place.',
  fix: {
    text: 'Serve over https only, redirect http, and send Strict-Transport-Security: max-age=31536000; includeSubDomains.',
    snippets: {
      express: 'app.use(helmet.hsts({ maxAge: 31536000 }))',
      Django: 'SECURE_SSL_REDIRECT = True; SECURE_HSTS_SECONDS = 31536000',
      Rails: 'config.force_ssl = true',
      nginx: 'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;',
    },
  },
  needs: [],
  async run(audit) {
    const channel = channelOf(audit.app.target)
    if (channel === 'http-loopback') {
      const detail = 'This is plain http on this machine, as in development. Audit the address that users use.'
      return [cannotJudge({ about: 'TLS', title: 'Not the address of users', detail })]
    }
    if (channel === 'http') {
      const { exchange } = await audit.ask.as(audit.ask.client('visitor'))
      const detail = 'The session is sent over plain http, where anyone on the network path can read it.'
      return [
        fail({
          about: 'TLS',
          severity: 'high',
          title: 'Plain http',
          detail,
          evidence: [audit.say.evidence(detail, [exchange])],
        }),
      ]
    }
    return [await strictTransport(audit), ...(await plainDoor(audit))]
  },
}

async function strictTransport(audit: Audit): Promise<Finding> {
  const about = 'Strict-Transport-Security'
  const { client } = await audit.users.sharedLogin()
  const { exchange } = await audit.ask.as(client)
  const value = headerOf(exchange.response, 'strict-transport-security')
  const seconds = strictSeconds(exchange.response)
  if (seconds >= LONG_SECONDS) return pass({ about, title: 'Browsers use TLS only', detail: `Sent: ${value}.` })
  if (seconds > 0) return inform({ about, title: 'For less than a year', detail: `Sent: ${value}.` })
  const secure =
    audit.app.carriers.length === 0 ||
    client
      .cookies()
      .filter(({ name }) => audit.app.carriers.flat().includes(name))
      .every((cookie) => cookie.secure)
  const detail = secure
    ? 'Not sent. The cookies are Secure, but anyone on the network path can answer a first visit over http.'
    : 'Not sent, and the cookie is not Secure: a request over http reveals the session.'
  return fail({
    about,
    severity: secure ? 'low' : 'high',
    title: 'No Strict-Transport-Security',
    detail,
    evidence: [audit.say.evidence(detail, [exchange])],
  })
}

/**
 * The default https port has a plain one beside it. Another port is asked over http itself, because some servers accept both on
 * one. If it does not, that proves nothing, and other ports are not guessed.
 */
async function plainDoor(audit: Audit): Promise<Finding[]> {
  const about = 'plain http'
  const url = `http://${audit.app.target.host}/`
  const exchange = await audit.ask.client('visitor over http').send({ url, purpose: 'is there a plain door' })
  const { status = 0 } = exchange.response ?? {}
  const leadsToTls = headerOf(exchange.response, 'location')?.startsWith('https:') === true
  if (audit.app.target.port !== '' && (status === 0 || status >= 400)) return []
  if (status === 0 || status >= 400 || leadsToTls)
    return [
      pass({ about, title: 'Nothing is served over http', detail: `http was answered ${status || 'not at all'}.` }),
    ]
  const detail = `http:// was answered ${status}, without a redirect to https.`
  return [
    fail({ about, title: 'Served over plain http too', detail, evidence: [audit.say.evidence(detail, [exchange])] }),
  ]
}
