import { HttpException } from '@nestjs/common'
import type { OwnResponse } from './_answer.ts'
import { joinVary } from './_node-headers.ts'

/** The members that responses of Express and replies of Fastify share. */
export interface NestResponse {
  getHeader(name: string): unknown
  header(name: string, value: string): unknown
}

/**
 * Returns the exception for Nest's exception filters, with our body. Sets the headers at once, because filters know nothing of
 * headers: so an application's own filter sends them too.
 */
export function toException(response: NestResponse, { status, headers, body }: OwnResponse): HttpException {
  const isJson = (headers['content-type'] ?? '').endsWith('json')
  for (const [name, value] of Object.entries(headers)) {
    // A text becomes a part of the object that Nest sends for it.
    if (name !== 'content-type' || isJson) response.header(name, value)
  }
  return new HttpException(isJson ? (JSON.parse(body) as object) : body.trimEnd(), status)
}

export function addVary(response: NestResponse, value: string): void {
  const present = response.getHeader('vary')
  response.header('vary', present === undefined ? value : joinVary(String(present), value))
}
