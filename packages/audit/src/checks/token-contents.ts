import type { Audit, Login } from '../audit/audit.ts'
import { decode } from '../decode/decode.ts'
import type { Decoded } from '../decode/decoded.ts'
import { canGuess, guessSecret } from '../decode/guess-secret.ts'
import { type Reveal, revealsOf } from '../decode/reveals.ts'
import { WELL_KNOWN_SECRETS } from '../decode/secrets.ts'
import type { Check } from '../model/check.ts'
import { type Finding, fail, inform, pass } from '../model/finding.ts'

export const tokenContents: Check = {
  id: 'token-contents',
  title: 'Tokens hold nothing that is readable, forgeable or signed with a known secret',
  wstg: ['WSTG-SESS-01', 'WSTG-SESS-10'],
  asvs: ['9.1.1'],
  cwe: [315, 321, 565, 798],
  severity: 'medium',
  proves:
    'What the credential is, what whoever holds it can read in it, and that it is not signed with one of a public list of secrets.',
  cannotProve: 'That a secret which is not in the list is strong, or what an encrypted token holds.',
  why: 'Who knows the key of a signature makes a token for any user. What is readable in a token is read: by scripts, in logs, by whoever finds the browser.',
  fix: {
    text: 'Let the client hold a random id and keep the data on the server. Where tokens are signed, use a random key of at least 256 bits from the environment, and rotate it.',
    snippets: {
      Express: 'app.use(session({ secret: process.env.SESSION_SECRET })) // made by: openssl rand -base64 32',
      Fastify: "app.register(fastifySecureSession, { key: Buffer.from(process.env.SESSION_KEY, 'hex') })",
      Django: "SECRET_KEY = os.environ['DJANGO_SECRET_KEY']; SESSION_ENGINE = 'django.contrib.sessions.backends.db'",
      Flask:
        "app.secret_key = os.environ['SECRET_KEY']  # made by: python -c 'import secrets; print(secrets.token_hex(32))'",
      Rails: 'bin/rails credentials:edit # secret_key_base; and a server-side session_store',
      Laravel: 'php artisan key:generate',
      Spring: '@Value("${jwt.secret}") // 256 random bits, from a vault or the environment',
      'ASP.NET': 'builder.Services.AddDataProtection().PersistKeysTo...().ProtectKeysWith...()',
      PHP: 'session_start(); // keep data in $_SESSION, not in cookies',
    },
  },
  needs: [],
  async run(audit) {
    const login = await audit.login('victim')
    return tokensOf(login).flatMap((token) => judge(audit, login, token))
  },
}

interface Token {
  readonly about: string
  readonly value: string
  /** It makes the login, alone or with others. */
  readonly isCarrier: (audit: Audit) => boolean
  readonly companion: { readonly name?: string; readonly signature?: string }
}

function tokensOf({ credential: { cookies, bearer } }: Login): Token[] {
  const signatures = new Map(cookies.map(({ name, value }) => [name, value]))
  const held = cookies
    .filter(({ name }) => !(name.endsWith('.sig') && signatures.has(name.slice(0, -4))))
    .map(({ name, value }): Token => {
      const signature = signatures.get(`${name}.sig`)
      return {
        about: `cookie ${name}`,
        value,
        isCarrier: ({ carriers }) => carriers.some((names) => names.includes(name)),
        companion: { name, ...(signature !== undefined && { signature }) },
      }
    })
  const token: Token[] =
    bearer === null ? [] : [{ about: 'bearer', value: bearer, isCarrier: () => true, companion: {} }]
  return [...held, ...token]
}

function judge(audit: Audit, login: Login, token: Token): Finding[] {
  const { about } = token
  const decoded = decode(token.value, token.companion)
  if (decoded === null) {
    return [
      pass({ about, title: 'It says nothing', detail: 'The value is in no known format, and holds no readable text.' }),
    ]
  }
  const proof = (says: string) => [audit.evidence(says, login.exchanges.slice(-1))]
  const words = { decoded, about, proof, isCarrier: token.isCarrier(audit) }
  return [...ofSecret(words), ...ofProtection(words), ...ofContent(words)]
}

interface Words {
  readonly decoded: Decoded
  readonly about: string
  readonly isCarrier: boolean
  readonly proof: (says: string) => Exclude<Finding['evidence'], undefined>
}

function ofSecret({ decoded, about, proof }: Words): Finding[] {
  if (!canGuess(decoded)) return []
  const secret = guessSecret(decoded)
  const what = `${about}: secret`
  if (secret === null) {
    const detail = `It is a ${decoded.name}; none of ${WELL_KNOWN_SECRETS.length} well-known secrets made its signature.`
    return [pass({ about: what, title: 'Not signed with a well-known secret', detail })]
  }
  // Enough to recognise it by; the report may be read by more people than the configuration.
  const hint = `${secret.slice(0, 2)}…, ${secret.length} characters`
  const detail = `It is a ${decoded.name}, signed with a secret that stands in public documentation and word lists (${hint}). Anyone can sign a token for any user.`
  const says = 'The token whose signature was made with the well-known secret.'
  return [
    fail({
      about: what,
      severity: 'critical',
      title: 'Signed with a well-known secret',
      detail,
      evidence: proof(says),
    }),
  ]
}

function ofProtection({ decoded, about, isCarrier, proof }: Words): Finding[] {
  if (decoded.protection !== 'none' || !isCarrier) return []
  const what = `${about}: protection`
  const reads = listOf(revealsOf(decoded))
  if (decoded.kind === 'jwt') {
    const detail = 'The application logs in by a JWT without a signature: whoever edits it is anybody.'
    return [fail({ about: what, severity: 'critical', title: 'An unsigned JWT', detail, evidence: proof(detail) })]
  }
  const detail = `What makes the login is ${decoded.name} that nothing protects (it holds: ${reads}). Whether the application believes an edited one was not tried here.`
  const evidence = proof('The value as it was given out.')
  return [fail({ about: what, severity: 'high', confidence: 'tentative', title: 'Unprotected data', detail, evidence })]
}

function ofContent({ decoded, about, proof }: Words): Finding[] {
  const what = `${about}: content`
  if (decoded.protection === 'encrypted') {
    return [pass({ about: what, title: 'Encrypted', detail: `It is a ${decoded.name}: only the server can read it.` })]
  }
  const reveals = revealsOf(decoded)
  const personal = reveals.filter(({ what: kind }) => ['secret', 'e-mail address', 'network address'].includes(kind))
  const data = { kind: decoded.kind, reveals }
  const detail = `It is a ${decoded.name}. Whoever holds it reads in it: ${listOf(reveals)}.`
  if (personal.length > 0) {
    const severity = personal.some(({ what: kind }) => kind === 'secret') ? 'medium' : 'low'
    const says = 'The token that holds the data.'
    return [
      fail({
        about: what,
        severity,
        confidence: 'firm',
        title: 'Readable personal data',
        detail,
        data,
        evidence: proof(says),
      }),
    ]
  }
  return [inform({ about: what, title: `${decoded.name}, readable`, detail, data })]
}

function listOf(reveals: readonly Reveal[]): string {
  const list = reveals.slice(0, 20).map(({ path, what }) => (path === '$' ? 'one value' : `${path.slice(2)} (${what})`))
  return list.length === 0 ? 'nothing' : list.join(', ')
}
