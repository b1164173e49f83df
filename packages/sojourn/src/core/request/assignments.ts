import { SessionError } from '../contracts/errors.ts'
import { step } from '../contracts/json.ts'

function refuse(name: string): never {
  throw new SessionError(
    'ERR_MISUSE',
    `session${step(name)} cannot be set: data lives in session.data. For middleware made for express-session (passport, connect-flash, csurf), see docs/how-to/move-from-express-session.md.`,
  )
}

/**
 * At the end of a prototype chain: an assignment that no property takes ends here, and is an error on the line that makes it.
 * Reading and inspecting are as ever, and so are symbols, by which tools mark objects.
 */
export const REFUSING: object = new Proxy(
  {},
  {
    set: (target, name, value, receiver) =>
      typeof name === 'symbol' ? Reflect.set(target, name, value, receiver) : refuse(name),
  },
)

/**
 * Makes assignments to what a class gives read-only, and to what it does not have, an error. Without, sloppy code would not
 * even be told. Costs a request nothing: all of it is in the prototype.
 */
export function refuseAssignments(prototype: object): void {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const { get, set, value } = descriptor
    if (name === 'constructor' || set !== undefined) continue
    Object.defineProperty(prototype, name, { get: get ?? (() => value), set: () => refuse(name), configurable: true })
  }
  Object.setPrototypeOf(prototype, REFUSING)
}
