import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import type { RequestData } from '../core/contracts/session-data.ts'

type Facts =
  | 'id'
  | 'userId'
  | 'isNew'
  | 'createdAt'
  | 'authenticatedAt'
  | 'methods'
  | 'assurance'
  | 'lastSeenAt'
  | 'expiresAt'
  | 'device'
  | 'refused'
  | 'authenticatedWithin'
  | 'devices'

/** A value that nobody can change, at any depth. */
export type DeepReadonly<Value> = Value extends (...args: never[]) => unknown
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value

/** The session where no cookie can be set: its facts and its data, without the verbs. */
export type ReadonlySession<Data extends object = RequestData> = Readonly<Pick<Session<Data>, Facts>> & {
  readonly data: DeepReadonly<Data>
}

/** The verbs and the flash values would do something that the client never hears of. */
const REFUSED: ReadonlySet<PropertyKey> = new Set<keyof Session>([
  'flash',
  'update',
  'save',
  'reload',
  'login',
  'logout',
  'rotate',
  'reauthenticated',
  'revokeDevice',
  'revokeOthers',
])

/** `where`: what to do instead, as a sentence. */
export function toReadonly<Data extends object>(session: Session<Data>, where: string): ReadonlySession<Data> {
  const refuse = (name: PropertyKey): never => {
    throw new SessionError('ERR_MISUSE', `session.${String(name)} cannot be changed or called here. ${where}`)
  }
  const views = new WeakMap<object, object>()
  const guard = (value: unknown, path: string): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const known = views.get(value)
    if (known !== undefined) return known
    const deny = (_: object, name: PropertyKey): never => refuse(`${path}.${String(name)}`)
    const view = new Proxy(value, {
      get: (target, name) => guard(Reflect.get(target, name), `${path}.${String(name)}`),
      set: deny,
      deleteProperty: deny,
      defineProperty: deny,
    })
    views.set(value, view)
    return view
  }
  return new Proxy(session, {
    get(target, name) {
      if (REFUSED.has(name)) return refuse(name)
      const value: unknown = Reflect.get(target, name, target)
      if (name === 'data') return guard(value, 'data')
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (_, name) => refuse(name),
  }) as unknown as ReadonlySession<Data>
}
