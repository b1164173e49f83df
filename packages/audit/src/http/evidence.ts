import type { Evidence, MaskedExchange } from '../model/evidence.ts'
import type { Exchange, Headers } from './exchange.ts'
import { type Secrets, shellWord, shown } from './masking.ts'

/** Enough for a reader. */
const MOST_OF_BODY = 2_000
const MOST_OF_HEADER = 500

/** Headers that curl sets itself. */
const OF_CURL = new Set(['host', 'content-length', 'connection', 'user-agent', 'accept', 'accept-language'])

export function toEvidence(
  says: string,
  exchanges: readonly Exchange[],
  secrets: Secrets,
  insecureTls: boolean,
): Evidence {
  const marked = exchanges.map((exchange) => markExchange(exchange, secrets))
  const curl = marked.map((exchange) => toCurl(exchange, insecureTls))
  return {
    says: shown(secrets.mark(says)),
    curl,
    variables: secrets.variablesIn(JSON.stringify(marked)),
    exchanges: marked.map(show),
  }
}

/** Makes a masked copy for the timeline, without bodies. */
export function toTimeline(exchange: Exchange, secrets: Secrets): MaskedExchange {
  const { request, response } = exchange
  return show(
    markExchange(
      { ...exchange, request: { ...request, body: null }, response: response && { ...response, body: '' } },
      secrets,
    ),
  )
}

/** Marks the secrets in every text of an exchange. A binary body is omitted. */
function markExchange({ request, response, ...rest }: Exchange, secrets: Secrets): MaskedExchange {
  return {
    ...rest,
    fault: rest.fault === null ? null : secrets.mark(rest.fault),
    request: {
      method: request.method,
      url: secrets.mark(request.url),
      headers: markHeaders(request.headers, secrets),
      body: request.body === null ? null : secrets.mark(request.body),
    },
    response: response && {
      status: response.status,
      headers: markHeaders(response.headers, secrets),
      body: response.body.includes('\0') ? '' : secrets.mark(response.body),
    },
  }
}

const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most)}…` : text)

function markHeaders(headers: Headers, secrets: Secrets): Headers {
  return headers.map(([name, value]) => [name, markHeader(name, value, secrets)])
}

function markHeader(name: string, value: string, secrets: Secrets): string {
  const markPair = (pair: string) =>
    pair.replace(/^([^=]*=)(.*)$/s, (_, key: string, held: string) => key + secrets.markWhole(held))
  if (name === 'cookie') return value.split('; ').map(markPair).join('; ')
  if (name !== 'set-cookie') return secrets.mark(value)
  const [pair = '', ...attributes] = value.split(';')
  return [markPair(pair), ...attributes.map(secrets.mark)].join(';')
}

function show({ request, response, ...rest }: MaskedExchange): MaskedExchange {
  const headers = (all: Headers): Headers => all.map(([name, value]) => [name, cut(shown(value), MOST_OF_HEADER)])
  return {
    ...rest,
    fault: rest.fault === null ? null : shown(rest.fault),
    request: {
      ...request,
      url: shown(request.url),
      headers: headers(request.headers),
      body: request.body === null ? null : shown(request.body),
    },
    response: response && {
      ...response,
      headers: headers(response.headers),
      body: cut(shown(response.body), MOST_OF_BODY),
    },
  }
}

function toCurl({ request }: MaskedExchange, insecureTls: boolean): string {
  const headers = request.headers.filter(([name]) => !OF_CURL.has(name))
  return [
    'curl -i',
    ...(insecureTls && request.url.startsWith('https:') ? ['--insecure'] : []),
    ...(request.method === 'GET' ? [] : [`-X ${request.method}`]),
    ...headers.map(([name, value]) => `-H ${shellWord(`${name}: ${value}`)}`),
    ...(request.body === null ? [] : [`--data-raw ${shellWord(request.body)}`]),
    shellWord(request.url),
  ].join(' ')
}
