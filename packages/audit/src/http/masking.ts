import type { Variable } from '../model/evidence.ts'
import { type Exchange, valuesOf } from './exchange.ts'

/**
 * Marks the place of a secret in a text, with a character of the private use area on each side, so that text of a server is never
 * mistaken for a mark.
 */
const OPEN = '\uE000'
const CLOSE = '\uE001'
const MARKED = new RegExp(`${OPEN}(\\w+)${CLOSE}`, 'g')

/** Shorter values would match unrelated words, so they are masked only where a cookie appears. */
const SHORTEST = 6

/** The values that no report may show, and the variables that replace them. */
export interface Secrets {
  /** From now on this value and its parts are shown as variables. A known value keeps its first name. */
  learn(value: string, name: string, from: string): void
  /** Learns all cookies and bearer tokens of an exchange, and its page's anti-forgery tokens. */
  learnFrom(exchange: Exchange): void
  /** Replaces secrets by marks, which `shown` and `variablesIn` interpret. */
  mark(text: string): string
  /** Returns the mark of a value if it is a secret, however short. Otherwise marks the secrets in it. */
  markWhole(value: string): string
  variablesIn(marked: string): Variable[]
}

export function createSecrets(): Secrets {
  const byValue = new Map<string, Variable>()
  const counts = new Map<string, number>()
  let sorted: [string, Variable][] | null = null

  function learn(value: string, name: string, from: string): void {
    const variable = add(value, name, from)
    if (variable === null) return
    // A page may show only the id of a signed cookie. An attacker who knows the server's key can sign that id.
    for (const part of partsOf(value)) add(part, `${variable.name} part`, `part of ${variable.name}`)
  }

  /** Returns `null` if the value is known or empty. */
  function add(value: string, name: string, from: string): Variable | null {
    if (value === '' || byValue.has(value)) return null
    const base =
      name
        .toUpperCase()
        .replace(/[^A-Z0-9]+/g, '_')
        .replace(/^_+|_+$/g, '') || 'SECRET'
    const count = (counts.get(base) ?? 0) + 1
    counts.set(base, count)
    const variable = { name: count === 1 ? base : `${base}_${count}`, from }
    byValue.set(value, variable)
    sorted = null
    for (const [kind, other] of Object.entries(encodingsOf(value))) {
      if (!byValue.has(other))
        byValue.set(other, { name: `${variable.name}_${kind}`, from: `${variable.name}, ${WORDS[kind]}` })
    }
    return variable
  }

  function mark(text: string): string {
    sorted ??= [...byValue].filter(([value]) => value.length >= SHORTEST).sort(([a], [b]) => b.length - a.length)
    let marked = text
    for (const [value, { name }] of sorted) {
      if (marked.includes(value)) marked = marked.replaceAll(value, `${OPEN}${name}${CLOSE}`)
    }
    return marked
  }

  return {
    learn,
    learnFrom(exchange) {
      for (const [name, value] of credentialsIn(exchange)) {
        if (LIKE_A_TOKEN.test(value))
          learn(value, `made up ${name}`, `made up by the audit, ${value.length} characters`)
      }
      for (const [name, value] of cookiesSetBy(exchange)) {
        const { method, url } = exchange.request
        learn(
          value,
          name,
          `cookie ${name} in the answer to ${method} ${new URL(url).pathname} (exchange ${exchange.number})`,
        )
      }
      const { method, url } = exchange.request
      for (const [name, value] of pageTokensIn(exchange.response?.body ?? ''))
        learn(value, name, `${name} in the answer to ${method} ${new URL(url).pathname} (exchange ${exchange.number})`)
    },
    mark,
    markWhole(value) {
      const variable = byValue.get(value)
      return variable === undefined ? mark(value) : `${OPEN}${variable.name}${CLOSE}`
    },
    variablesIn(marked) {
      const names = new Set([...marked.matchAll(MARKED)].map(([, name]) => name))
      // The address that a cookie came from may contain a secret.
      const held = [...byValue.values()].filter(({ name }) => names.has(name))
      return held.map(({ name, from }) => ({ name, from: shown(mark(from)) }))
    },
  }
}

const WORDS: Readonly<Record<string, string>> = { ENCODED: 'URL-encoded', DECODED: 'URL-decoded' }

function encodingsOf(value: string): Record<string, string> {
  const encoded = encodeURIComponent(value)
  const decoded = decode(value)
  return {
    ...(encoded !== value && { ENCODED: encoded }),
    ...(decoded !== value && { DECODED: decoded }),
  }
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** Separators of composite tokens. `--` is the separator of Rails; a single hyphen also occurs in base64url. */
const SEPARATORS = [/[^\w+/=-]+|--/, /[^A-Za-z0-9]+/]

/** Returns the parts of a composite token that are secrets: ids, keys, signatures, encoded contents and the ids in them. */
function partsOf(token: string): string[] {
  const text = decode(token)
  const pieces = [...new Set(SEPARATORS.flatMap((separator) => text.split(separator)))]
  return [...pieces, ...pieces.flatMap(idsIn)].filter((piece) => piece !== token && isRandom(piece))
}

/** Returns the possible ids in an encoded JSON object, such as the `sid` of a JWT. */
function idsIn(piece: string): string[] {
  const content = piece.startsWith('eyJ') ? Buffer.from(piece, 'base64url').toString() : ''
  return [...content.matchAll(/"([\w+/=-]+)"\s*[,}\]]/g)].map(([, id = '']) => id)
}

/** Whether a part is a secret. Words, names, paths and times stay readable in the report. */
function isRandom(part: string): boolean {
  if (part.startsWith('/') || part.length < 12) return false
  if (/\d/.test(part) && /[a-z]/i.test(part)) return true
  return part.length >= 16 && (/^\d+$/.test(part) || /^(?=(?:.*?[A-Z]){3})(?=(?:.*?[a-z]){3})/.test(part))
}

/**
 * A value that was sent as a credential and did not come from the server was made up by the audit. A server that accepts any id
 * may have made a session of it. Values with no long run of letters and digits are no tokens: they test how a server parses.
 */
const LIKE_A_TOKEN = /[\w.-]{16,}/

function credentialsIn({ request }: Exchange): [string, string][] {
  const cookies = valuesOf(request.headers, 'cookie').flatMap((line) => line.split('; '))
  const bearers = valuesOf(request.headers, 'authorization').map((line) => line.replace(/^Bearer /, ''))
  return [
    ...cookies.map((pair): [string, string] => [pair.split('=')[0] ?? '', pair.slice(pair.indexOf('=') + 1)]),
    ...bearers.map((value): [string, string] => ['token', value]),
  ]
}

function cookiesSetBy(exchange: Exchange): [string, string][] {
  return valuesOf(exchange.response?.headers ?? [], 'set-cookie').flatMap((line) => {
    const [, name, value] = /^\s*([^=;]*)=([^;]*)/.exec(line) ?? []
    return name === undefined || value === undefined ? [] : [[name.trim(), value.trim()]]
  })
}

/** Shows marks to a reader: `$SID_1`. */
export function shown(marked: string): string {
  return marked.replace(MARKED, (_, name: string) => `$${name}`)
}

/** Returns marked text as one word of a shell command: in double quotes, secrets as `${SID_1}`, everything else literal. */
export function shellWord(marked: string): string {
  const literal = marked.replace(/[\\"$`!]/g, (found) => (found === '!' ? '"\'!\'"' : `\\${found}`))
  return `"${literal.replace(MARKED, (_, name: string) => `\${${name}}`)}"`
}

const NAME = String.raw`[\w.\[\]-]*(?:csrf|xsrf|nonce|sectok|authenticity|verification|token)[\w.\[\]-]*`

/** `<input type="hidden" name="_csrf" value="…">` and `<meta name="csrf-token" content="…">`, in any order. */
const TAG = /<(?:input|meta)\b[^>]*>/gi
const NAMED = new RegExp(String.raw`\sname=["']?(${NAME})["'\s/>]`, 'i')
const HELD = /\s(?:value|content)=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i
/** In the address of a link: `/logout?sectok=…`. */
const IN_ADDRESS = new RegExp(String.raw`[?&;](${NAME})=([\w%.~+/-]+)`, 'gi')
const IN_JSON = new RegExp(String.raw`"(${NAME})"\s*:\s*"([^"\\]+)"`, 'gi')

/** It looks random, unlike a name or a word. */
const IS_RANDOM = /^(?=.*\d)[\w%.~+/=|:-]{8,}$/

/** Returns the anti-forgery tokens in an answer, and the nonces of its links: name and value. */
export function pageTokensIn(body: string): [name: string, value: string][] {
  const tags = [...body.matchAll(TAG)].flatMap(([tag]): [string, string][] => {
    const [, name] = NAMED.exec(tag) ?? []
    const [, double, single, bare] = HELD.exec(tag) ?? []
    return name === undefined ? [] : [[name, double ?? single ?? bare ?? '']]
  })
  const written = [IN_ADDRESS, IN_JSON].flatMap((form) =>
    [...body.matchAll(form)].map(([, name = '', value = '']): [string, string] => [name, value]),
  )
  return [...tags, ...written].filter(([, value]) => IS_RANDOM.test(value))
}
