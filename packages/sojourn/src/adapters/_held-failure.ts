import type { HeaderChange } from '../core/contracts/carrier.ts'
import { reportMistake, toErrorResponse } from './_answer.ts'
import { type Args, type Call, dropCall, type Intercepted, type Verb } from './_held-calls.ts'
import { unmarkEnded } from './_held-wait.ts'
import { applyChanges, breakOff, dropHeaders, putOnAgain, sendAnswer } from './_node-headers.ts'
import type { Next, NodeResponse } from './_node-types.ts'

/**
 * Handles a session that could not be stored: sends an error in place of the answer, and drops everything that the handler still
 * writes.
 */
export class HeldFailure {
  readonly #response: NodeResponse
  readonly #calls: Intercepted
  readonly #error: unknown
  readonly #owed: readonly HeaderChange[]
  #isAnswering = false

  /** `owed`: headers for what a failed commit has already stored. The client must receive them with the error. */
  constructor(response: NodeResponse, calls: Intercepted, error: unknown, owed: readonly HeaderChange[]) {
    this.#response = response
    this.#calls = calls
    this.#error = error
    this.#owed = owed
  }

  /** `next` leads to the application's error page, if there is one and the handler had ended its response. */
  answer(next: Next | undefined): void {
    try {
      // Part of the response has been sent, so the client must notice that it is incomplete.
      if (this.#response.headersSent) this.#breakOff()
      else this.#takePlace(next)
    } catch (second) {
      reportMistake(second)
      breakOff(this.#response)
    }
  }

  /** Drops the calls that waited for the store. If the handler ended the response before it destroyed it, destroying can wait. */
  drop(calls: readonly Call[], wasEnded: boolean): void {
    for (const call of calls) {
      if (call[0] !== 'destroy') dropCall(this.#response, call[0], call[1], this.#error)
      else if (!wasEnded) call[1]()
    }
  }

  call(verb: Verb, args: Args): unknown {
    // HTTP/2's own `end` calls `write` with our text. Hooks on the head of an error page call this too.
    const isOfTheError = this.#isAnswering || verb === 'writeHead'
    if (!isOfTheError) return dropCall(this.#response, verb, args, this.#error)
    return this.#calls.pass(verb, putOnAgain(this.#response, this.#owed, verb, args))
  }

  #breakOff(): void {
    reportMistake(this.#error)
    breakOff(this.#response)
  }

  #takePlace(next: Next | undefined): void {
    dropHeaders(this.#response)
    applyChanges(this.#response, this.#owed)
    unmarkEnded(this.#response)
    if (next === undefined) {
      reportMistake(this.#error)
      sendAnswer(this.#response, toErrorResponse(this.#error), (body) => this.#end(body))
    } else {
      this.#calls.restore()
      next(this.#error)
    }
  }

  #end(body: string): void {
    this.#isAnswering = true
    try {
      this.#calls.pass('end', [body])
    } finally {
      this.#isAnswering = false
    }
  }
}
