import type { Audit, Login } from '../../audit/audit.ts'
import type { Credential } from '../../http/client.ts'
import type { Exchange } from '../../http/exchange.ts'
import { parseJwt } from '../../judge/jwt.ts'
import { textAt } from '../../recipe/extract.ts'
import { StepFailed } from '../../recipe/fill.ts'
import type { State } from '../../recipe/logged-in-check.ts'

/** What a refresh needs, as a client held it at one moment. */
export interface RefreshGrant {
  readonly token: string | null
  readonly cookies: Credential['cookies']
}

export interface Refreshed {
  /** `in`: the refresh issued a credential that is logged in. `out`: it was refused. */
  readonly state: State
  readonly exchanges: readonly Exchange[]
  readonly credential: Credential
  /** The grant that was presented. */
  readonly before: RefreshGrant
  /** The grant for the next refresh. The same as before if the application does not change it. */
  readonly next: RefreshGrant
  /** Whether the grant itself changed. */
  readonly rotated: boolean
}

export const grantOf = (login: Login): RefreshGrant => ({
  token: login.refreshToken,
  cookies: login.credential.cookies,
})

/** Presents a refresh token in a clean client, and tries what the answer issues. */
export async function refreshWith(audit: Audit, login: Login, grant: RefreshGrant, name: string): Promise<Refreshed> {
  const client = audit.ask.client(name)
  for (const cookie of grant.cookies) client.hold(cookie)
  const more = new Map(grant.token === null ? [] : [['refreshToken', grant.token]])
  const { steps = [], token: place } = audit.app.recipe.refresh ?? {}
  const exchanges = await audit.users.run({ ...login, client }, steps, name, more).then(
    (done) => done.exchanges,
    (error: unknown) => {
      if (error instanceof StepFailed) return client.exchanges
      throw error
    },
  )
  const last = exchanges.at(-1)
  const status = last?.response?.status ?? 0
  const body = last?.response?.body ?? ''
  const path = audit.app.recipe.credential?.bearer?.json
  const bearer = path === undefined ? null : textAt(body, path)
  const token = place === undefined ? null : textAt(body, place.json)
  if (bearer !== null) audit.say.hide(bearer, 'bearer', `${path} in the answer to exchange ${last?.number}`)
  if (token !== null) audit.say.hide(token, 'refresh token', `${place?.json} in the answer to exchange ${last?.number}`)
  const credential: Credential = { cookies: client.cookies(), bearer }
  const gave = status >= 200 && status < 400 && (path === undefined || bearer !== null)
  const next: RefreshGrant = { token: token ?? grant.token, cookies: client.cookies() }
  return {
    state: gave
      ? (await audit.ask.with(`${name}: what it gave`, credential)).state
      : status === 0 || status === 429 || status >= 500
        ? 'unknown'
        : 'out',
    exchanges,
    credential,
    before: grant,
    next,
    rotated: !isSameGrant(grant, next),
  }
}

/**
 * Whether two grants are equal except for times in them: a signed token with the same claims about the same session is issued
 * anew each time.
 */
export function isSameGrant(a: RefreshGrant, b: RefreshGrant): boolean {
  if (a.token !== null || b.token !== null) return a.token === b.token
  const values = ({ cookies }: RefreshGrant) =>
    cookies
      .map(({ name, value }) => `${name}=${withoutTimes(value)}`)
      .sort()
      .join(';')
  return values(a) === values(b)
}

function withoutTimes(value: string): string {
  const jwt = parseJwt(value)
  if (jwt === null) return value
  const { iat: _, exp: __, nbf: ___, ...rest } = jwt.payload
  return JSON.stringify(rest)
}
