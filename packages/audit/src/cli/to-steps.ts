import { readPage } from '../http/page.ts'
import type { Extract, Step, User } from '../recipe/recipe.ts'
import type { Recorded, Recording } from './record-login.ts'

/** Converts the requests of a browser to login steps, up to the request with the password. `null` if there is none. */
export function toSteps({ requests, pages }: Recording, user: User, address: (url: string) => string): Step[] | null {
  const at = requests.findIndex((request) => request.method !== 'GET' && carries(request, user.password))
  if (at === -1) return null
  const first = requests.slice(0, at).findIndex((request) => request.method !== 'GET' && carries(request, user.name))
  const from = first === -1 ? at : first
  const posts = requests.slice(from, at + 1).filter(({ method }) => method !== 'GET')
  return posts.flatMap((request) => {
    const index = requests.indexOf(request)
    const shown = requests.slice(0, index).findLast(({ method, url }) => method === 'GET' && pages.has(url))
    return stepsOf(request, shown, pages, user, address)
  })
}

const carries = ({ body }: Recorded, text: string) =>
  body !== null &&
  [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1), formEncoded(text)].some((form) =>
    body.includes(form),
  )

const formEncoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)

function stepsOf(
  request: Recorded,
  shown: Recorded | undefined,
  pages: Recording['pages'],
  user: User,
  address: (url: string) => string,
): Step[] {
  const extract: Record<string, Extract> = {}
  const html = shown === undefined ? '' : (pages.get(shown.url) ?? '')
  const page = readPage(html, shown?.url ?? request.url)
  /** A value from the page before is extracted from it anew each time. Any other is written as it is. */
  const template = (name: string, value: string): string => {
    if (value === user.password) return '${password}'
    if (value === user.name) return '${user}'
    const where = whereIs(value, page, request.cookies)
    if (where === null) return value
    const variable = `from_page_${name.replace(/[^\w-]/g, '_')}`
    extract[variable] = where
    return `\${${variable}}`
  }
  const body = bodyOf(request, template)
  const headers = Object.fromEntries(
    Object.entries(request.headers)
      .filter(([name]) => /csrf|xsrf|^x-(?!requested-with$|forwarded)/.test(name))
      .map(([name, value]) => [name, template(name, value)]),
  )
  const method = request.method.toLowerCase() as 'post' | 'put' | 'patch'
  const step: Step = { [method]: address(request.url), ...(Object.keys(headers).length > 0 && { headers }), ...body }
  if (shown === undefined) return [step]
  return [{ get: address(shown.url), ...(Object.keys(extract).length > 0 && { extract }) }, step]
}

/** Shorter values appear anywhere by chance. */
const SHORTEST = 8

function whereIs(value: string, page: ReturnType<typeof readPage>, cookies: Recorded['cookies']): Extract | null {
  if (value.length < SHORTEST) return null
  const field = page.forms
    .flatMap(({ fields }) => fields)
    .find((held) => held.type === 'hidden' && held.value === value)
  if (field !== undefined) return { field: field.name }
  const meta = [...page.metas].find(([, content]) => content === value)
  if (meta !== undefined) return { meta: meta[0] }
  const cookie = Object.entries(cookies).find(([, held]) => held === value || decodeURIComponent(held) === value)
  return cookie === undefined ? null : { cookie: cookie[0] }
}

function bodyOf({ body, headers }: Recorded, template: (name: string, value: string) => string): Step {
  const type = headers['content-type'] ?? ''
  if (body === null) return {}
  if (type.startsWith('application/json')) {
    const fill = (value: unknown, name: string): unknown => {
      if (typeof value === 'string') return template(name, value)
      if (Array.isArray(value)) return value.map((held) => fill(held, name))
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, fill(held, key)]))
    }
    return { json: fill(JSON.parse(body), '') }
  }
  return {
    form: Object.fromEntries([...new URLSearchParams(body)].map(([name, value]) => [name, template(name, value)])),
  }
}
