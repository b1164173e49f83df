import { randomBytes } from 'node:crypto'
import { ALICE, BOB } from '../cookie-app.ts'
import type { App, Ask, Reply } from '../web.ts'

/** The content of a session, wherever it is stored. */
export interface Held {
  readonly user: string | null
  readonly csrf: string
  readonly nickname: string
}

/** How a stack carries and keeps sessions. */
export interface Carried {
  /** The session of a request; `null`: none that is known. */
  open(ask: Ask): Held | null
  /** `Set-Cookie` lines. `begin`: a visitor's first. `renew`: at a login. `end`: at a logout. `keep`: any other answer. */
  save(held: Held, ask: Ask, why: 'begin' | 'renew' | 'end' | 'keep'): readonly string[]
}

export interface Site {
  readonly fields: { readonly name: string; readonly password: string; readonly csrf: string }
  /** Forged requests are kept out by a token. */
  readonly checksToken: boolean
  /** The form of the token in the page, and in the request. */
  readonly mask?: { show(token: string): string; read(shown: string): string }
  /** Addresses as the stack writes them. */
  readonly address?: (path: string, ask: Ask) => string
  readonly headers: Readonly<Record<string, string>>
}

export const newHeld = (user: string | null = null): Held => ({
  user,
  csrf: randomBytes(16).toString('hex'),
  nickname: 'nobody',
})

const plain = { show: (token: string) => token, read: (shown: string) => shown }
const isRight = ({ name, password }: typeof ALICE) =>
  [ALICE, BOB].some((user) => user.name === name && user.password === password)

/** A login, a private page, a name to change and a logout. `carried` and `site` contain the differences between stacks. */
export function siteOf(carried: Carried, site: Site): App {
  const { fields, mask = plain, address = (path) => path, headers } = site
  const nicknames = new Map<string, string>()

  const hidden = (held: Held) =>
    site.checksToken ? `<input type="hidden" name="${fields.csrf}" value="${mask.show(held.csrf)}">` : ''

  function account({ user, csrf, nickname }: Held, ask: Ask): Reply {
    const token = hidden({ user, csrf, nickname })
    return {
      html: `Account of ${user}, called ${nicknames.get(user ?? '')}
        <form method="post" action="${address('/nickname', ask)}">${token}<input name="nickname"></form>
        <form method="post" action="${address('/logout', ask)}">${token}<button>Log out</button></form>`,
    }
  }

  function answer(ask: Ask, held: Held): [Reply, Held, 'renew' | 'end' | 'keep'] {
    const { path, method, body } = ask
    const stay = (reply: Reply): [Reply, Held, 'keep'] => [reply, held, 'keep']
    const isForged = site.checksToken && mask.read(body[fields.csrf] ?? '') !== held.csrf
    if (method === 'POST' && isForged) return stay({ status: 419, html: 'Page expired' })
    if (path === '/login' && method === 'GET')
      return stay({
        html: `<form method="post" action="${address('/login', ask)}">${hidden(held)}<input name="${fields.name}"><input type="password" name="${fields.password}"><button>Log in</button></form>`,
      })
    if (path === '/login') {
      const given = { name: body[fields.name] ?? '', password: body[fields.password] ?? '' }
      if (!isRight(given)) return stay({ status: 422, html: 'These credentials do not match our records.' })
      return [{ to: address('/account', ask) }, newHeld(given.name), 'renew']
    }
    if (path === '/') return stay({ html: `<a href="${address('/login', ask)}">Log in</a>` })
    if (!['/account', '/nickname', '/logout'].includes(path)) return stay({ status: 404, html: 'Not found' })
    if (held.user === null) return stay({ to: address('/login', ask) })
    if (path === '/account') return stay(account(held, ask))
    if (method !== 'POST') return stay({ status: 405, html: 'Not that way' })
    if (path === '/logout') return [{ to: '/' }, newHeld(), 'end']
    nicknames.set(held.user, String(body.nickname))
    return stay({ to: address('/account', ask) })
  }

  return (ask) => {
    const known = carried.open(ask)
    const held = known ?? newHeld()
    const [reply, next, why] = answer(ask, held)
    const cookies = carried.save(next, ask, known === null && why === 'keep' ? 'begin' : why)
    return { ...reply, headers: { ...headers, ...reply.headers }, ...(cookies.length > 0 && { cookies }) }
  }
}
