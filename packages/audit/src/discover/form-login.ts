import { type Form, isLoginForm, readPage } from '../http/page.ts'
import type { Extract, Step } from '../recipe/recipe.ts'
import { withoutPathParameters } from './addresses.ts'
import type { Candidate, Explorer } from './explorer.ts'
import { tryLogin } from './try-login.ts'

const PAGES = [
  '/login',
  '/signin',
  '/sign-in',
  '/login/',
  '/user/login',
  '/users/sign_in',
  '/account/login',
  '/accounts/login/',
  '/auth/login',
  '/admin/login/',
  '/admin/',
  '/login.php',
  '/wp-login.php',
  '/session/new',
]

const LEADS_TO_LOGIN = /log[ -]?(in|on)\b|sign[ -]?in\b|anmelden|connexion|iniciar sesi|accedi/i

/** Tries every form with a password: on the given page, on pages that it links to, and at the usual addresses. */
export async function* formLogins(explorer: Explorer): AsyncGenerator<Candidate> {
  const seen = new Set<string>()
  const start = explorer.engine.target.href
  const queue = [start, ...PAGES]
  for (let at = 0; at < queue.length; at++) {
    const client = explorer.client('explorer')
    const last = (await client.follow({ url: queue[at] ?? '/', purpose: 'look for a login form' })).at(-1)
    if (last?.response == null || last.response.status >= 500) continue
    const page = readPage(last.response.body, last.request.url)
    const links = page.links.filter(({ href, text }) => LEADS_TO_LOGIN.test(`${text} ${new URL(href).pathname}`))
    // The text of a link is better evidence than a guess.
    if (at === 0)
      queue.splice(1, 0, ...links.map(({ href }) => href).filter((href) => explorer.engine.isInScope(new URL(href))))
    for (const form of page.forms.filter(isLoginForm)) {
      const key = `${form.action} ${form.fields.map(({ name }) => name).join()}`
      if (seen.has(key)) continue
      seen.add(key)
      const done = await logIn(explorer, last.request.url, form)
      if (done !== null) yield done
    }
  }
}

const TYPED = new Set(['text', 'email', 'tel', 'search', 'url', 'number'])

async function logIn(explorer: Explorer, pageUrl: string, form: Form): Promise<Candidate | null> {
  const password = form.fields.findIndex(({ type }) => type === 'password')
  const before = form.fields.slice(0, password).filter(({ type }) => TYPED.has(type))
  const name = before.find((field) => /user|mail|login|name|account|id/i.test(field.name)) ?? before.at(-1)
  const filled = new Map([[form.fields[password]?.name ?? '', '${password}']])
  if (name !== undefined) filled.set(name.name, '${user}')
  return tryLogin(explorer, formStep(explorer, pageUrl, form, filled), `the form at ${explorer.address(pageUrl)}`)
}

/** Steps that load the page of a form and submit it. Hidden values are extracted from the page each time. */
export function formStep(explorer: Explorer, pageUrl: string, form: Form, filled: ReadonlyMap<string, string>): Step[] {
  const extract: Record<string, Extract> = {}
  const values: Record<string, string> = {}
  const [button] = form.buttons
  for (const { name, type, value } of button === undefined ? form.fields : [...form.fields, button]) {
    const given = filled.get(name)
    if (given !== undefined) values[name] = given
    else if (type === 'hidden' && value !== '') {
      const variable = `form_${name.replace(/[^\w-]/g, '_')}`
      extract[variable] = { field: name }
      values[name] = `\${${variable}}`
    } else values[name] = value.replaceAll('${', '')
  }
  const open: Step = {
    get: withoutPathParameters(explorer.address(pageUrl)),
    ...(Object.keys(extract).length > 0 && { extract }),
  }
  const address = withoutPathParameters(explorer.address(form.action))
  return [open, form.method === 'POST' ? { post: address, form: values } : { get: withQuery(address, values) }]
}

function withQuery(address: string, values: Readonly<Record<string, string>>): string {
  const [path = ''] = address.split('?')
  const pairs = Object.entries(values).map(([name, value]) => `${encodeURIComponent(name)}=${value}`)
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}
