import { createHash } from 'node:crypto'
import type { Audit, Check, Login } from '../audit/audit.ts'
import { gave } from '../http/exchange.ts'
import type { Companion } from '../judge/decode/decode.ts'
import { judgeToken } from '../judge/decode/judge-token.ts'
import type { Finding } from '../model/finding.ts'

export const tokenContents: Check = {
  id: 'token-contents',
  title: 'Tokens contain nothing that is readable, forgeable or signed with a known secret',
  wstg: ['WSTG-SESS-01', 'WSTG-SESS-10'],
  asvs: ['9.1.1'],
  cwe: [315, 321, 565, 798],
  severity: 'medium',
  proves:
    'What the credential is, what anyone who holds it can read in it, and that it is not signed with a secret from a public list.',
  cannotProve: 'That a secret which is not in the list is strong, or what an encrypted token contains.',
  why: 'An attacker who knows the signing key makes a token for any user. Readable content of a token is read: by scripts, in logs, by anyone who uses the browser.',
  fix: {
    text: 'Give the client a random id and keep the data on the server. If tokens are signed, use a random key of at least 256 bits from the environment, and rotate it.',
    snippets: {
      Flask:
        "app.secret_key = os.environ['SECRET_KEY']  # made by: python -c 'import secrets; print(secrets.token_hex(32))'",
    },
  },
  needs: [],
  async run(audit) {
    const login = await audit.users.sharedLogin()
    const known = knownOf(audit)
    return tokensOf(audit, login).flatMap(({ companion, ...token }) =>
      findingsOf(audit, login, { ...token, companion: { ...companion, known } }),
    )
  },
}

/** Shorter values appear by chance. */
const SHORTEST = 3

/** The user's name and password, and the hashes of them that applications put into cookies. */
function knownOf(audit: Audit): ReadonlyMap<string, 'user' | 'secret'> {
  const variables = audit.users.variablesOf('first')
  const named = [
    ['user', 'user'],
    ['password', 'secret'],
  ] as const
  return new Map(
    named.flatMap(([name, what]) => {
      const value = variables.get(name) ?? ''
      const hashed = ['md5', 'sha1', 'sha256'].map((hash) => createHash(hash).update(value).digest('hex'))
      return value.length < SHORTEST ? [] : [value, ...hashed].map((one) => [one, what] as const)
    }),
  )
}

interface Token {
  readonly about: string
  readonly value: string
  /** Whether it carries the login, alone or with others. */
  readonly isCarrier: boolean
  readonly companion: Companion
}

function tokensOf(audit: Audit, { credential: { cookies, bearer } }: Login): Token[] {
  const values = new Map(cookies.map(({ name, value }) => [name, value]))
  const carriers = new Set(audit.app.carriers.flat())
  const isSignature = (name: string): boolean => name.endsWith('.sig') && values.has(name.slice(0, -4))
  const held = [...values].flatMap(([name, value]): Token[] => {
    if (isSignature(name)) return []
    const signature = values.get(`${name}.sig`)
    const companion = { name, ...(signature !== undefined && { signature }) }
    return [{ about: `cookie ${name}`, value, isCarrier: carriers.has(name), companion }]
  })
  return bearer === null ? held : [...held, { about: 'bearer', value: bearer, isCarrier: true, companion: {} }]
}

function findingsOf(audit: Audit, login: Login, { about, value, companion, isCarrier }: Token): Finding[] {
  const giving = login.exchanges.filter((exchange) => gave(exchange, value)).slice(-1)
  const proof = giving.length > 0 ? giving : login.exchanges.slice(-1)
  return judgeToken(value, companion, isCarrier).map((finding): Finding => {
    const evidence = [audit.say.evidence(`${about}: ${finding.title}.`, proof)]
    return { ...finding, about: `${about}: ${finding.about}`, ...(finding.verdict === 'fail' && { evidence }) }
  })
}
