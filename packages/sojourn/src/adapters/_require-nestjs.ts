import type { CanActivate } from '@nestjs/common'
import type { Duration } from '../core/contracts/duration.ts'
import { attachedTo } from '../core/create-sessions.ts'
import { toOwnResponse } from './_answer.ts'
import { addVary, type NestResponse, toException } from './_nest-exception.ts'
import {
  assuranceRequirement,
  freshRequirement,
  methodsRequirement,
  type RequireFreshOptions,
  type Requirement,
  type RequireUserOptions,
  type StepUpOptions,
  userRequirement,
} from './_require.ts'
import { VARY } from './_require-answer.ts'

/**
 * Only users who are signed in reach the handler. Browsers are redirected to `signIn` and come back; other clients get 401.
 *
 * ```ts
 * import { Controller, Get, UseGuards } from '@nestjs/common'
 * import type { Session } from 'sojourn'
 * import { CurrentSession, requireUser } from 'sojourn/nestjs'
 *
 * @Controller('account')
 * @UseGuards(requireUser({ signIn: '/sign-in' }))
 * export class AccountController {
 *   @Get()
 *   show(@CurrentSession() session: Session) {
 *     return session.userId
 *   }
 * }
 * ```
 *
 * @throws `ERR_OPTION` if a path is not one of this application.
 */
export function requireUser(options?: RequireUserOptions): CanActivate {
  return toGuard(userRequirement(options))
}

/**
 * Only users who proved their identity within this time reach the handler (`authenticatedWithin`). Browsers of others are
 * redirected to `confirm` and come back. Other clients get 403, or, with a bearer token, 401 with the challenge of RFC 9470. A
 * proof that a guard distrusts does not count. Visitors who are not signed in are handled as by `requireUser`.
 *
 * @throws `ERR_OPTION` for an invalid time, or if a path is not one of this application.
 */
export function requireFresh(age: Duration, options?: RequireFreshOptions): CanActivate {
  return toGuard(freshRequirement(age, options))
}

/**
 * Only sessions whose `assurance` is this level, or one of these levels, reach the handler. Of `aal1`, `aal2` and `aal3` (NIST SP
 * 800-63B), a higher one counts too; other levels must be equal. Others are handled as by `requireFresh`, with `stepUp` as the page.
 *
 * @throws `ERR_OPTION` if a level is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireAssurance(level: string | readonly string[], options?: StepUpOptions): CanActivate {
  return toGuard(assuranceRequirement(level, options))
}

/**
 * Only sessions whose `methods` include all of these (`amr`, RFC 8176) reach the handler. Others are handled as by
 * `requireAssurance`.
 *
 * @throws `ERR_OPTION` if a method is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireMethods(methods: readonly string[], options?: StepUpOptions): CanActivate {
  return toGuard(methodsRequirement(methods, options))
}

function toGuard(requirement: Requirement): CanActivate {
  return {
    canActivate(context) {
      const http = context.switchToHttp()
      const answer = requirement(attachedTo(http.getRequest() ?? {}))
      if (answer === null) return true
      const response = http.getResponse<NestResponse>()
      for (const { value } of VARY) addVary(response, value)
      throw toException(response, toOwnResponse(answer))
    },
  }
}
