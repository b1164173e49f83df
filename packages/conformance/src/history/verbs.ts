import type { Sessions } from 'sojourn'
import { pick } from './random.ts'
import {
  answer,
  type Browser,
  type Data,
  DONE,
  type Held,
  hear,
  note,
  open,
  type Request,
  type Scene,
  textsOf,
} from './scene.ts'
import type { SessionOutput } from './session-model.ts'

/** The actions of a client in one request after it was accepted. */
type Verb = (scene: Scene, request: Request & { readonly held: Held }) => Promise<void>

const KEYS = ['a', 'b', 'c'] as const

const read: Verb = (scene, request) => answer(scene, request)

const edit: Verb = async (scene, request) => {
  const { session, held } = request
  const [key, value] = [pick(scene.random, KEYS), scene.count()]
  session.data[key] = value
  const heard = await hear(scene, () => answer(scene, request))
  note(scene, held.id, { kind: 'write', texts: { [key]: `${value}` } }, heard)
}

const update: Verb = async (scene, request) => {
  const after = scene.count()
  /** The last value that the function received. Each call before it means that the key had changed meanwhile. */
  let before: string | null | undefined
  const heard = await hear(scene, () =>
    request.session.update('n', (value: number | undefined) => {
      before = value === undefined ? null : `${value}`
      return after
    }),
  )
  if (before === undefined) throw heard.error
  note(scene, request.held.id, { kind: 'update', key: 'n', before, after: `${after}` }, heard)
  await answer(scene, request)
}

const rotate: Verb = async (scene, request) => {
  const { number: from, id } = request.held
  if (!scene.oldTokens) forget(scene, request.held)
  const to = scene.count()
  note(scene, id, { kind: 'rotate', from, to }, await hear(scene, () => request.session.rotate()))
  await answer(scene, request, to)
}

function forget({ tokens }: Scene, held: Held): void {
  const place = tokens.indexOf(held)
  if (place >= 0) tokens.splice(place, 1)
}

const logout: Verb = async (scene, request) => {
  note(scene, request.held.id, { kind: 'end' }, await hear(scene, () => request.session.logout()))
  await answer(scene, request)
}

/** Replaces the current session and copies its data. */
const login: Verb = async (scene, request) => {
  const { session, held } = request
  const heard = await hear(scene, () => session.login(session.userId ?? pick(scene.random, scene.users)))
  const { error, times } = heard
  // A failed login may have ended the old session, whether it failed because the new session was revoked immediately or for
  // another reason.
  const [carried, output] = error === null ? [{ carried: textsOf(session) }, DONE] : [{}, null]
  scene.history.add(held.id, { input: { kind: 'end', ...carried }, output, ...times })
  if (error !== null) throw error
  await begun(scene, request, heard.times)
}

async function begun(scene: Scene, request: Request, times: { calledAt: number; returnedAt: number }): Promise<void> {
  const { session } = request
  const token = scene.count()
  scene.owners.set(session.id, session.userId)
  scene.history.add(session.id, { input: { kind: 'begin', token, texts: textsOf(session) }, output: DONE, ...times })
  await answer(scene, request, token)
}

/** The share of each action, out of twenty. */
const VERBS: readonly Verb[] = [
  ...repeat(read, 6),
  ...repeat(edit, 6),
  ...repeat(update, 5),
  ...[rotate, login, logout],
]

function repeat<T>(item: T, times: number): T[] {
  return Array.from({ length: times }, () => item)
}

/** A client without a session begins one: half of them log in, half of them write first. */
async function begin(scene: Scene, request: Request): Promise<void> {
  const { session, held } = request
  if (scene.random() < 0.5) {
    const heard = await hear(scene, () => session.login(pick(scene.random, scene.users)))
    // A login also ends the session of a refused token that had been replaced moments ago.
    if (held !== null) scene.history.add(held.id, { input: { kind: 'end' }, output: null, ...heard.times })
    if (heard.error !== null) throw heard.error
    return begun(scene, request, heard.times)
  }
  const token = scene.count()
  session.data[pick(scene.random, KEYS)] = scene.count()
  const heard = await hear(scene, () => answer(scene, request, token))
  if (heard.error !== null) throw heard.error
  scene.owners.set(session.id, null)
  const input = { kind: 'begin', token, texts: textsOf(session) } as const
  scene.history.add(session.id, { input, output: DONE, ...heard.times })
}

/** One request of a client. */
export async function visit(scene: Scene, browser: Browser): Promise<void> {
  const request = await open(scene, pick(scene.random, scene.nodes), browser)
  const { held, session } = request
  if (held === null || session.isNew) {
    // Another tab may have received a new token meanwhile.
    if (browser.held === held) await begin(scene, request)
    return
  }
  const verb = pick(scene.random, VERBS) ?? read
  await verb(scene, { ...request, held })
}

/** A client presents a token that is or once was valid, edits nothing, and leaves before the answer arrives. */
export async function present(scene: Scene, held: Held | undefined): Promise<void> {
  if (held === undefined) return
  const { exchange } = await open(scene, pick(scene.random, scene.nodes), { held })
  // An answered request counts as a use of the session.
  await exchange.commit()
}

/** An administrator lists a user's sessions, and ends one or all of them. */
export async function administer(scene: Scene): Promise<void> {
  const node = pick(scene.random, scene.nodes)
  const userId = pick(scene.random, scene.users)
  const ids = await list(scene, node, userId)
  const which = scene.random()
  const id = pick(scene.random, ids)
  if (which < 0.1) await revokeAll(scene, node, userId)
  else if (which < 0.4 && id !== undefined) await revoke(scene, node, id)
}

async function list(scene: Scene, node: Sessions<Data>, userId: string): Promise<string[]> {
  const { value, error, times } = await hear(scene, () => node.list(userId))
  if (value === null) throw error
  const ids = value.map(({ id }): string => id)
  const strangers = ids.filter((id) => ![userId, undefined].includes(scene.owners.get(id) ?? undefined))
  if (strangers.length > 0) throw new Error('A list with another user’s session.')
  scene.history.addToAll((id) => {
    const output: SessionOutput = { kind: 'listed', isThere: ids.includes(id) }
    return scene.owners.get(id) === userId ? { input: { kind: 'list' }, output, ...times } : null
  })
  return ids
}

async function revoke(scene: Scene, node: Sessions<Data>, id: string): Promise<void> {
  const heard = await hear(scene, () => node.revoke(id))
  note(scene, id, { kind: 'end' }, heard, { kind: 'ended', byThis: heard.value === true })
}

async function revokeAll(scene: Scene, node: Sessions<Data>, userId: string): Promise<void> {
  const { error, times } = await hear(scene, () => node.revokeAll(userId))
  const call = { input: { kind: 'end' }, output: error === null ? DONE : null, ...times } as const
  scene.history.addToAll((id) => (scene.owners.get(id) === userId ? call : null))
  if (error !== null) throw error
}
