import type { Client } from '../http/client.ts'
import { type Exchange, headerOf } from '../http/exchange.ts'
import { readPage } from '../http/page.ts'
import type { Extract } from './recipe.ts'

/** Returns the value, or `null` if it is not there. */
export function extractFrom(exchange: Exchange, client: Client, where: Extract): string | null {
  const body = exchange.response?.body ?? ''
  if (where.field !== undefined) return fieldOf(body, exchange.request.url, where.field)
  if (where.json !== undefined) return textAt(body, where.json)
  if (where.regex !== undefined) return regexIn(body, where.regex)
  if (where.header !== undefined) return headerOf(exchange.response, where.header)
  if (where.cookie !== undefined) return client.cookies().find(({ name }) => name === where.cookie)?.value ?? null
  if (where.meta !== undefined) return readPage(body, exchange.request.url).metas.get(where.meta) ?? null
  if (where.link !== undefined) return linkIn(body, exchange.request.url, where.link)
  return null
}

function fieldOf(html: string, url: string, name: string): string | null {
  const fields = readPage(html, url).forms.flatMap((form) => [...form.fields, ...form.buttons])
  return fields.find((field) => field.name === name)?.value ?? null
}

function linkIn(html: string, url: string, pattern: string): string | null {
  const wanted = new RegExp(pattern, 'i')
  return readPage(html, url).links.find(({ href, text }) => wanted.test(text) || wanted.test(href))?.href ?? null
}

function regexIn(text: string, pattern: string): string | null {
  const found = new RegExp(pattern).exec(text)
  return found === null ? null : (found[1] ?? found[0])
}

/** Returns the value at a path of a JSON text, as text: `data.items[0].id`. */
export function textAt(json: string, path: string): string | null {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return null
  }
  for (const part of path
    .replace(/^\$\.?/, '')
    .split(/[.[\]]+/)
    .filter((word) => word !== '')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return null
    value = (value as Record<string, unknown>)[part]
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null
}
