import type { JsonWebKey } from 'node:crypto'
import type { Audit, Check, Login, Probe } from '../audit/audit.ts'
import { heldNow } from '../audit/credentials.ts'
import { type Attack, attacksOn, type Jwt, parseJwt, tampered } from '../judge/jwt.ts'
import { cannotJudge, type Finding, fail, notApplicable, pass } from '../model/finding.ts'

export const jwtAttacks: Check = {
  id: 'jwt-attacks',
  title: 'Forged JSON Web Tokens are refused',
  wstg: ['WSTG-SESS-10'],
  asvs: ['9.1.1', '9.1.2', '9.1.3'],
  cwe: [347, 345],
  severity: 'critical',
  proves:
    'Whether tokens with another payload, with no signature, or with a signature that anyone can make, are refused.',
  cannotProve:
    'That the key cannot be guessed (the check of what tokens contain tries a small list), or that no other attack works.',
  why: 'An attacker who can make valid tokens can be any user at any time.',
  fix: {
    text: 'Verify with a fixed algorithm and a key of your own choosing; use nothing from the header except, at most, a key id that is looked up in a list.',
    snippets: {
      jsonwebtoken: "jwt.verify(token, key, { algorithms: ['HS256'] })",
      jose: "await jwtVerify(token, key, { algorithms: ['RS256'], issuer, audience })",
      PyJWT: "jwt.decode(token, key, algorithms=['HS256'])",
    },
  },
  needs: [],
  async run(audit) {
    const login = await audit.users.sharedLogin()
    const found = findJwt(audit, login)
    if (found === null)
      return [
        notApplicable({ about: 'token', title: 'No JWT', detail: 'The session is not carried by a JSON Web Token.' }),
      ]
    const genuine = await found.present('the real token', found.token)
    if (genuine.state !== 'in')
      return [
        cannotJudge({
          about: 'token',
          title: 'The token alone opens nothing',
          detail: 'The real token was refused in a clean client.',
        }),
      ]
    const forged = tampered(found.jwt)
    audit.say.hide(forged, 'tampered token', 'a real token with another payload')
    const changed = await found.present('another payload under the old signature', forged)
    if (changed.state === 'in') {
      const detail = 'A token with another payload under the old signature is accepted: the signature is not verified.'
      return [
        fail({
          about: 'signature',
          title: 'The signature is not verified',
          detail,
          evidence: [audit.say.evidence(detail, [changed.exchange])],
        }),
      ]
    }
    return [await tryAttacks(audit, found)]
  },
}

interface Found {
  readonly token: string
  readonly jwt: Jwt
  /** Presents another token in a clean client. */
  present(name: string, token: string): Promise<Probe>
}

function findJwt(audit: Audit, login: Login): Found | null {
  const credential = heldNow(login)
  const ofBearer = credential.bearer === null ? null : parseJwt(credential.bearer)
  if (credential.bearer !== null && ofBearer !== null) {
    const present: Found['present'] = (name, bearer) => audit.ask.with(name, { cookies: [], bearer })
    return { token: credential.bearer, jwt: ofBearer, present }
  }
  for (const cookie of credential.cookies.filter(({ name }) => audit.app.carriers.flat().includes(name))) {
    const jwt = parseJwt(cookie.value)
    if (jwt === null) continue
    const present: Found['present'] = (name, value) => {
      const cookies = credential.cookies.map((held) => (held === cookie ? { ...held, value } : held))
      return audit.ask.with(name, { cookies, bearer: null })
    }
    return { token: cookie.value, jwt, present }
  }
  return null
}

async function tryAttacks(audit: Audit, { jwt, present }: Found): Promise<Finding> {
  const about = 'forged tokens'
  const attacks = attacksOn(jwt, await publicKeys(audit))
  const taken: (Attack & { readonly probe: Probe })[] = []
  let unclear = 0
  for (const attack of attacks) {
    audit.say.hide(attack.token, 'forged token', `${attack.says}, made from a real token`)
    const answer = await present(attack.id, attack.token)
    if (answer.state === 'in') taken.push({ ...attack, probe: answer })
    // A server error lets nobody in. No answer at all proves nothing.
    if ((answer.exchange.response?.status ?? 429) === 429) unclear++
  }
  if (taken.length > 0) {
    const detail = `Tokens are accepted with ${taken.map(({ says }) => says).join('; with ')}.`
    return fail({
      about,
      title: 'Forged tokens are accepted',
      detail,
      evidence: [
        audit.say.evidence(
          detail,
          taken.map(({ probe: { exchange } }) => exchange),
        ),
      ],
    })
  }
  if (unclear > 0)
    return cannotJudge({
      about,
      title: 'No clear answer',
      detail: `${unclear} of ${attacks.length} forged tokens got no answer, or one about too many requests.`,
    })
  return pass({
    about,
    title: 'Forged tokens are refused',
    detail: `Tried: ${attacks.map(({ id }) => id).join(', ')}.`,
  })
}

const KEY_SETS = [
  '/.well-known/jwks.json',
  '/jwks.json',
  '/oauth/jwks',
  '/api/auth/jwks',
  '/.well-known/openid-configuration',
]

/** Returns the keys that the application publishes, if any. */
async function publicKeys(audit: Audit): Promise<JsonWebKey[]> {
  const client = audit.ask.client('reader of public keys')
  for (const url of KEY_SETS) {
    const { response } = await client.send({ url, purpose: 'look for public keys' })
    const keys = response?.status === 200 ? keysIn(response.body) : []
    if (keys.length > 0) return keys.slice(0, 2)
  }
  return []
}

function keysIn(body: string): JsonWebKey[] {
  try {
    const { keys } = JSON.parse(body) as { keys?: unknown }
    return Array.isArray(keys) ? keys.filter((key): key is JsonWebKey => typeof key?.kty === 'string') : []
  } catch {
    return []
  }
}
