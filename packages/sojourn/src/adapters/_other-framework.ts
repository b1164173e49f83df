import { SessionError } from '../core/contracts/errors.ts'

/**
 * The error of an adapter that another framework called. `first` is the first argument, by which the framework is known. Without
 * this error, the application would see a `TypeError` from inside the adapter.
 */
export function otherFramework(caller: string, first: unknown): SessionError {
  return new SessionError('ERR_OPTION', `${caller} does not serve this framework. Use ${adapterFor(Object(first))}.`)
}

function adapterFor(first: Readonly<Record<string, unknown>>): string {
  const has = (name: string): boolean => typeof first[name] === 'function'
  if (has('addHook')) return 'fastifySessions from sojourn/fastify'
  if (has('newResponse')) return 'honoSessions from sojourn/hono'
  if (has('toJSON') && 'response' in first) return 'koaSessions from sojourn/koa'
  if (has('clone')) return 'withSession from sojourn/fetch'
  if (has('resolve')) return 'svelteKitSessions from sojourn/sveltekit'
  if ('context' in first) return 'reactRouterSessions from sojourn/react-router'
  return has('app') ? 'expressSessions from sojourn/express' : 'nodeSessions from sojourn/node'
}
