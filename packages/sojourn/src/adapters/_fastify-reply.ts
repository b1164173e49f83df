import type { FastifyReply } from 'fastify'
import type { HeaderChange } from '../core/carrier.ts'
import type { HeaderValue } from './_node-types.ts'
import { joinVary } from './_vary.ts'

/** Puts core's headers on a reply that has not been sent. */
export function applyToReply(reply: FastifyReply, changes: readonly HeaderChange[]): void {
  for (const { name, value, how } of changes) {
    if (how === 'replace') {
      replace(reply, name, value)
      continue
    }
    const present = reply.getHeader(name)
    if (present === undefined) reply.header(name, value)
    else if (how === 'append') reply.header(name, append(name, value, present))
  }
}

/** What was set on `reply.raw` is under the reply's own headers, so both have to go. */
function replace(reply: FastifyReply, name: string, value: string): void {
  if (value !== '') return void reply.header(name, value)
  reply.removeHeader(name)
  reply.raw.removeHeader(name)
}

/** Fastify itself adds a second `Set-Cookie` to the first; of any other header it keeps the last. */
function append(name: string, value: string, present: HeaderValue): HeaderValue {
  if (name.toLowerCase() === 'vary') return joinVary(String(present), value)
  return name.toLowerCase() === 'set-cookie' ? value : `${present}, ${value}`
}

export function isReplacing({ how }: HeaderChange): boolean {
  return how === 'replace'
}

/** As Fastify tells it, for there may be more than one class of that name. */
export function isResponse(payload: unknown): payload is Response {
  return typeof payload === 'object' && Object.prototype.toString.call(payload) === '[object Response]'
}
