/** The parts of a HAR file that are used: requests and answers, in order. Missing parts are empty. */
export interface HarEntry {
  /** Counts from 1. */
  readonly number: number
  readonly method: string
  readonly url: URL
  readonly requestHeaders: readonly HarHeader[]
  readonly status: number
  readonly responseHeaders: readonly HarHeader[]
  readonly body: string
}

export interface HarHeader {
  readonly name: string
  readonly value: string
}

/** A value that carries, or may carry, a login. */
export interface Secret {
  readonly name: string
  readonly value: string
}

type Loose = { readonly [name: string]: unknown }

const objectOf = (value: unknown): Loose => (typeof value === 'object' && value !== null ? (value as Loose) : {})
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** @returns `null` if the text is not a HAR file. Entries without a valid address are omitted. */
export function readHar(text: string): readonly HarEntry[] | null {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch {
    return null
  }
  const { log } = objectOf(file)
  const { entries } = objectOf(log)
  if (!Array.isArray(entries)) return null
  return entries.flatMap((entry, i) => toEntry(objectOf(entry), i + 1) ?? [])
}

function toEntry(entry: Loose, number: number): HarEntry | null {
  const request = objectOf(entry.request)
  const response = objectOf(entry.response)
  const url = textOf(request.url)
  if (!URL.canParse(url)) return null
  return {
    number,
    method: textOf(request.method),
    url: new URL(url),
    requestHeaders: headersOf(request.headers),
    status: typeof response.status === 'number' ? response.status : 0,
    responseHeaders: headersOf(response.headers),
    body: textOf(objectOf(response.content).text),
  }
}

function headersOf(value: unknown): HarHeader[] {
  return listOf(value).map((header) => {
    const { name, value: held } = objectOf(header)
    return { name: textOf(name).toLowerCase(), value: textOf(held) }
  })
}

/** Chromium joins repeated headers with line feeds. */
export function valuesOf(headers: readonly HarHeader[], name: string): string[] {
  return headers.filter((header) => header.name === name).flatMap(({ value }) => value.split('\n'))
}
