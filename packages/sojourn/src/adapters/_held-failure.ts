import type { HeaderChange } from '../core/contracts/carrier.ts'
import { reportMistake, toErrorResponse } from './_answer.ts'
import { unmarkEnded } from './_frozen-head.ts'
import { type Args, dropCall, type Intercepted, type Verb } from './_held-calls.ts'
import type { Call } from './_held-wait.ts'
import { applyChanges, breakOff, dropHeaders, putOnAgain, sendAnswer } from './_node-headers.ts'
import type { Next, NodeResponse } from './_node-types.ts'

/** A session that could not be stored: an error goes out in place of the answer, and what the handler still says is dropped. */
export class HeldFailure {
  readonly #response: NodeResponse
  readonly #calls: Intercepted
  readonly #error: unknown
  readonly #owed: readonly HeaderChange[]
  #isAnswering = false

  /** `owed`: what a failed commit has stored before. The client has to hear of it with the error. */
  constructor(response: NodeResponse, calls: Intercepted, error: unknown, owed: readonly HeaderChange[]) {
    this.#response = response
    this.#calls = calls
    this.#error = error
    this.#owed = owed
  }

  /** `next`: leads to the application's error page, if there is one and the handler had ended its response. */
  answer(next: Next | undefined): void {
    try {
      // The client has to notice that a response of which something is out ends too soon.
      if (this.#response.headersSent) this.#breakOff()
      else this.#takePlace(next)
    } catch (second) {
      reportMistake(second)
      breakOff(this.#response)
    }
  }

  /** The calls that waited for the store. Whoever ended the response before destroying it is not in a hurry. */
  drop(calls: readonly Call[], wasEnded: boolean): void {
    for (const call of calls) {
      if (call[0] !== 'destroy') dropCall(this.#response, call[0], call[1], this.#error)
      else if (!wasEnded) call[1]()
    }
  }

  call(verb: Verb, args: Args): unknown {
    // HTTP/2's own `end` calls `write` for our text. Hooks on the head of an error page lead here, too.
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
