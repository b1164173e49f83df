import type { Headers } from '../../../http/exchange.ts'
import { fill, fillJson, type Variables } from '../../../recipe/fill.ts'
import type { Step } from '../../../recipe/recipe.ts'
import { toRequest } from '../../../recipe/run-steps.ts'

/** A request that a page of another site can make a browser send without asking first (no CORS preflight). */
export interface Forged {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Headers
  readonly body: string | null
  /** A form or a link navigates. A script may also send in the background (`fetch` with `mode: 'no-cors'`). */
  readonly mode: 'navigate' | 'no-cors'
  /** Unusual forms do not depend on the sender, so they are tried from one sender only. */
  readonly isUsual: boolean
}

const FORM = 'application/x-www-form-urlencoded'
const BOUNDARY = 'sojourn-audit-boundary'
/** Where frameworks look for a method override. Forms cannot send such headers. */
const METHOD_FIELDS = ['_method', 'X-HTTP-Method-Override']

type Pairs = readonly (readonly [name: string, value: string])[]

/** The content of a forged request, as a page would put it into a form, a link or a script's request. */
interface Parts {
  readonly url: string
  readonly method: string
  readonly pairs: Pairs
  readonly text: string | null
  readonly type: string | null
  readonly isJson: boolean
}

/** Returns one request in every form that needs no CORS preflight. The most usual first. */
export function formsOf(step: Step, variables: Variables): Forged[] {
  const { url, method, body, headers } = toRequest(step, variables, '')
  const type = headers?.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? null
  const isJson = step.json !== undefined
  const text = isJson || step.body !== undefined ? (body ?? null) : null
  const parts: Parts = { url, method, pairs: pairsOf(step, variables), text, type, isJson }
  return [...asForm(parts), ...asText(parts)]
}

const isOverridden = (method: string) => method !== 'POST' && method !== 'GET'
const methodPairs = (method: string): Pairs => METHOD_FIELDS.map((name) => [name, method])

function asForm({ url, method, pairs }: Parts): Forged[] {
  const post = (name: string, address: string, body: string, type: string) =>
    ({ name, method: 'POST', url: address, headers: [['content-type', type]], body, mode: 'navigate' }) as const
  const get = (name: string, address: string) =>
    ({ name, method: 'GET', url: address, headers: [], body: null, mode: 'navigate' }) as const
  const fields = encode(isOverridden(method) ? [...pairs, ['_method', method]] : pairs)
  const capitals = { ...post('a form of a script, its type in capitals', url, fields, FORM.toUpperCase()) }
  return [
    { ...post('a form', url, fields, FORM), isUsual: true },
    { ...get('a link', withPairs(url, pairs)), isUsual: true },
    ...(method === 'GET'
      ? []
      : [
          {
            ...get('a link that names the method', withPairs(url, [...pairs, ...methodPairs(method)])),
            isUsual: false,
          },
        ]),
    ...(isOverridden(method)
      ? [{ ...post('a form whose address names the method', named(url, method), encode(pairs), FORM), isUsual: false }]
      : []),
    ...(pairs.length === 0
      ? []
      : [
          {
            ...post('a multipart form', url, multipart(pairs), `multipart/form-data; boundary=${BOUNDARY}`),
            isUsual: false,
          },
          { ...capitals, mode: 'no-cors' as const, isUsual: false },
        ]),
  ]
}

function asText({ url, method, text, type, isJson }: Parts): Forged[] {
  if (text === null || (!isJson && method !== 'POST')) return []
  const address = isOverridden(method) ? named(url, method) : url
  const post = (name: string, body: string, sent: string | null, mode: Forged['mode'], isUsual = true): Forged => ({
    name,
    method: 'POST',
    url: address,
    headers: sent === null ? [] : [['content-type', sent]],
    body,
    mode,
    isUsual,
  })
  const untyped = post('a body without a type, sent by a script', text, null, 'no-cors', false)
  if (!isJson) {
    const isSimple = /^(text\/plain|multipart\/form-data|application\/x-www-form-urlencoded)/i.test(type ?? '')
    // A form writes name=value. The first "=" of a body can serve as that one.
    const mode = text.includes('=') ? 'navigate' : 'no-cors'
    return [post('the body as text/plain', text, isSimple ? type : 'text/plain', mode), untyped]
  }
  const asField = /^\{.*\}$/s.test(text)
    ? [post('JSON in a form of type text/plain', fieldOf(text), 'text/plain', 'navigate')]
    : []
  return [
    ...asField,
    post('JSON as text/plain, sent by a script', text, 'text/plain; application/json', 'no-cors', asField.length === 0),
    untyped,
  ]
}

/** A form of type text/plain writes `name=value` and a line end. The "=" becomes part of a JSON member. */
const fieldOf = (json: string) => `${json.slice(0, -1)}${json === '{}' ? '' : ','}"_":"="}\r\n`

const encode = (pairs: Pairs) =>
  new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString()

function withPairs(url: string, pairs: Pairs): string {
  const query = encode(pairs)
  return query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`
}

const named = (url: string, method: string) => withPairs(url, methodPairs(method))

function multipart(pairs: Pairs): string {
  const escaped = (name: string) => name.replaceAll('"', '%22')
  const parts = pairs.map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${escaped(name)}"\r\n\r\n${value}\r\n`,
  )
  return `${parts.join('')}--${BOUNDARY}--\r\n`
}

function pairsOf({ form, json }: Step, variables: Variables): Pairs {
  if (form !== undefined) return Object.entries(form).map(([name, value]) => [name, fill(value, variables)])
  return typeof json === 'object' && json !== null ? flatten(fillJson(json, variables), '') : []
}

/** `user[name]`, as most frameworks read nested fields. */
function flatten(value: unknown, name: string): Pairs {
  if (typeof value !== 'object' || value === null) return name === '' ? [] : [[name, String(value ?? '')]]
  const key = (part: string) => (Array.isArray(value) ? '' : part)
  return Object.entries(value).flatMap(([part, held]) => flatten(held, name === '' ? part : `${name}[${key(part)}]`))
}
