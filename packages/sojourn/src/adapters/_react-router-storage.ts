import type { Session } from '../core/contracts/session.ts'

export interface StorageOptions<UserKey extends string = string> {
  /**
   * The key under which the application keeps the id of its user. `commitSession` then logs in with a fresh token when this key is
   * set, and logs out when it is unset. Default: none, so that the application calls `login` itself.
   */
  readonly userKey?: UserKey | undefined
}

/** As React Router declares it, so that TypeScript finds the two alike. */
type Value<Data, Key> = Key extends keyof Data ? Data[Key] : undefined

/** React Router's `Session`. */
export interface ReactRouterSession<Data extends object> {
  readonly id: string
  readonly data: Partial<Data>
  has(name: string): boolean
  get<Key extends keyof Data & string>(name: Key): Value<Data, Key> | Value<Data, Key> | undefined
  set<Key extends keyof Data & string>(name: Key, value: Data[Key]): void
  flash<Key extends keyof Data & string>(name: Key, value: Data[Key]): void
  unset<Key extends keyof Data & string>(name: Key): void
}

/** React Router's `SessionStorage`. */
export interface ReactRouterStorage<Data extends object> {
  getSession(cookieHeader?: string | null, options?: object): Promise<ReactRouterSession<Data>>
  commitSession(session: ReactRouterSession<Data>, options?: object): Promise<string>
  destroySession(session: ReactRouterSession<Data>, options?: object): Promise<string>
}

/** The user that an application has set on a session, until it commits. */
type Change = { readonly userId: string | null }

export function createStorage<Data extends object>(
  find: () => Session<Data>,
  userKey: string | undefined,
): ReactRouterStorage<Data> {
  const changes = new WeakMap<object, Change>()
  return {
    getSession: async () => adapt(find(), userKey, changes),
    async commitSession() {
      const session = find()
      const change = changes.get(session)
      changes.delete(session)
      if (change === undefined || change.userId === session.userId) await session.save()
      else if (change.userId === null) await session.logout()
      else await session.login(change.userId)
      return ''
    },
    async destroySession() {
      const session = find()
      changes.delete(session)
      await session.logout()
      return ''
    },
  }
}

function adapt<Data extends object>(
  session: Session<Data>,
  userKey: string | undefined,
  changes: WeakMap<object, Change>,
): ReactRouterSession<Data> {
  const data = session.data as Record<string, unknown>
  const userOf = (): string | null => (changes.get(session) ?? session).userId
  const read = (name: string): unknown => (name === userKey ? (userOf() ?? undefined) : data[name])
  return {
    get id() {
      return session.id
    },
    get data() {
      const user = userKey === undefined ? undefined : userOf()
      return { ...data, ...(userKey !== undefined && user !== null && { [userKey]: user }) } as Partial<Data>
    },
    has: (name) => read(name) !== undefined || hasFlash(session, name),
    get: (name) => (read(name) ?? session.flash.take(name)) as Value<Data, typeof name> | undefined,
    set(name, value) {
      if (name === userKey) changes.set(session, { userId: String(value) })
      else data[name] = value
    },
    flash: (name, value) => session.flash.set(name, value as never),
    unset(name) {
      if (name === userKey) changes.set(session, { userId: null })
      else delete data[name]
    },
  }
}

function hasFlash({ flash }: Session<object>, name: string): boolean {
  const value = flash.take(name)
  if (value === undefined) return false
  flash.set(name, value)
  return true
}
