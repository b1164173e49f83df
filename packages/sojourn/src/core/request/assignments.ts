import { SessionError } from '../contracts/errors.ts'
import { step } from '../contracts/json.ts'

function refuse(name: string): never {
  throw new SessionError(
    'ERR_MISUSE',
    `session${step(name)} cannot be set: data lives in session.data. For middleware made for express-session (passport, connect-flash, csurf), see docs/how-to/move-from-express-session.md.`,
  )
}

/**
 * The end of a prototype chain. An assignment that no property accepts arrives here, and throws on the line that makes it.
 * Reading, inspecting and symbols, with which tools mark objects, work as usual.
 */
export const REFUSING: object = new Proxy(
  {},
  {
    set: (target, name, value, receiver) =>
      typeof name === 'symbol' ? Reflect.set(target, name, value, receiver) : refuse(name),
  },
)

/**
 * Makes the members of a class read-only, and assignments to unknown members an error. Sloppy code would otherwise ignore them
 * silently. Costs a request nothing, because it is all in the prototype.
 */
export function refuseAssignments(prototype: object): void {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const { get, set, value } = descriptor
    if (name === 'constructor' || set !== undefined) continue
    Object.defineProperty(prototype, name, { get: get ?? (() => value), set: () => refuse(name), configurable: true })
  }
  Object.setPrototypeOf(prototype, REFUSING)
}
