import type { RequestView } from '../core/contracts/carrier.ts'
import { checkArgument, checkOptions, type OptionKinds } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Answer } from '../core/contracts/guard.ts'
import type { Session } from '../core/contracts/session.ts'
import { reachesAssurance } from '../core/lib/assurance.ts'
import { INSUFFICIENT_AUTHENTICATION } from '../core/lib/challenge.ts'
import { requestOf } from '../core/request/for-handlers.ts'
import { answerShortfall, type Shortfall } from './_require-answer.ts'
import { isOwnPath } from './_return-path.ts'

export interface RequireUserOptions {
  /**
   * Path of the page where users sign in. Browsers are redirected there, with the page to return to in the parameter `returnTo`.
   * Default: none, so browsers get 401 like all other clients.
   */
  readonly signIn?: string
  /**
   * Path to return to. Default: the page itself; after a request that changes something, the page that sent it, because a browser
   * cannot repeat the request.
   */
  readonly returnTo?: string
}

export interface RequireFreshOptions extends RequireUserOptions {
  /**
   * Path of the page where users prove their identity again. Browsers are redirected there. Default: none, so browsers get 403
   * like all other clients.
   */
  readonly confirm?: string
}

export interface StepUpOptions extends RequireUserOptions {
  /**
   * Path of the page where users give a stronger proof. Browsers are redirected there. Default: none, so browsers get 403 like all
   * other clients.
   */
  readonly stepUp?: string
}

/**
 * Returns the response for a session that does not meet it, `null` for one that does. `view`: what the answer depends on, if the
 * framework asks for a page by another request than a browser's.
 */
export type Requirement = (session: unknown, view?: RequestView) => Answer | null

const USER: OptionKinds<RequireUserOptions> = { signIn: 'string', returnTo: 'string' }
const FRESH: OptionKinds<RequireFreshOptions> = { ...USER, confirm: 'string' }
const STEP_UP: OptionKinds<StepUpOptions> = { ...USER, stepUp: 'string' }

export function userRequirement(options: RequireUserOptions = {}): Requirement {
  check(options, USER, 'requireUser')
  return toRequirement('requireUser', options, () => null)
}

export function freshRequirement(age: Duration, options: RequireFreshOptions = {}): Requirement {
  check(options, FRESH, 'requireFresh')
  const maxAgeSeconds = Math.floor(toMs(age, 'requireFresh') / 1000)
  const stale: Shortfall = {
    status: 403,
    reason: 'proof-too-old',
    message: 'Confirm that it is you. The last proof of your identity is too old for this.',
    page: options.confirm,
    wants: { maxAgeSeconds },
    challenge: { error: INSUFFICIENT_AUTHENTICATION, max_age: String(maxAgeSeconds) },
  }
  return toRequirement('requireFresh', options, (session) => (session.authenticatedWithin(age) ? null : stale))
}

export function assuranceRequirement(level: string | readonly string[], options: StepUpOptions = {}): Requirement {
  check(options, STEP_UP, 'requireAssurance')
  const levels = demandWords(typeof level === 'string' ? [level] : level, 'requireAssurance', 'aal2')
  const low: Shortfall = {
    status: 403,
    reason: 'assurance-too-low',
    message: 'Prove your identity with a stronger method. This needs a higher level of assurance.',
    page: options.stepUp,
    wants: { assurance: levels },
    challenge: { error: INSUFFICIENT_AUTHENTICATION, acr_values: levels.join(' ') },
  }
  return toRequirement('requireAssurance', options, (session) =>
    reachesAssurance(session.assurance, levels) ? null : low,
  )
}

export function methodsRequirement(methods: readonly string[], options: StepUpOptions = {}): Requirement {
  check(options, STEP_UP, 'requireMethods')
  const wanted = demandWords(methods, 'requireMethods', 'hwk')
  const missing: Shortfall = {
    status: 403,
    reason: 'methods-missing',
    message: 'Prove your identity with another method. This needs one that you did not use.',
    page: options.stepUp,
    wants: { methods: wanted },
    challenge: { error: INSUFFICIENT_AUTHENTICATION },
  }
  const isMet = (session: Session<object>): boolean => wanted.every((method) => session.methods.includes(method))
  return toRequirement('requireMethods', options, (session) => (isMet(session) ? null : missing))
}

function toRequirement(
  caller: string,
  { signIn, returnTo }: RequireUserOptions,
  judge: (session: Session<object>) => Shortfall | null,
): Requirement {
  const signedOut: Shortfall = {
    status: 401,
    reason: 'signed-out',
    message: 'Sign in first.',
    page: signIn,
    wants: {},
    challenge: { error: 'invalid_token' },
  }
  return (found, view) => {
    const request = requestOf(found)
    if (request === null) {
      throw new SessionError('ERR_NO_SESSION', `Mount the sojourn adapter before ${caller}.`)
    }
    const session = found as Session<object>
    const shortfall = session.userId === null ? signedOut : judge(session)
    return shortfall === null
      ? null
      : answerShortfall({ ...request, ...(view && { view }) }, shortfall, returnTo, caller)
  }
}

function check(options: object, kinds: OptionKinds<RequireUserOptions>, caller: string): void {
  checkOptions(options, kinds, caller)
  for (const [name, path] of Object.entries(options)) {
    if (path === undefined || (isOwnPath(path) && !path.includes('#'))) continue
    throw new SessionError(
      'ERR_OPTION',
      `${caller}: ${name} must be a path of this application, such as "/sign-in". For a page of another host, redirect to it from a route of yours.`,
    )
  }
}

/** Characters that RFC 9470 allows in `acr_values`, and that need no escaping in a header. */
const WORD = /^[!#-[\]-~]+$/

function demandWords(words: readonly string[], caller: string, example: string): readonly string[] {
  checkArgument(words, 'array', caller)
  if (words.length > 0 && words.every((word) => typeof word === 'string' && WORD.test(word))) return [...words]
  throw new SessionError('ERR_OPTION', `${caller} needs words without spaces and quotes, such as "${example}".`)
}
