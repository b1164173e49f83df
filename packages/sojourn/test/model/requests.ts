import type { RequestView } from '../../src/core/contracts/carrier.ts'
import { SessionError } from '../../src/core/contracts/errors.ts'
import { commit } from '../../src/core/request/commit.ts'
import { login } from '../../src/core/request/login.ts'
import { logout } from '../../src/core/request/logout.ts'
import { open as openSession } from '../../src/core/request/open.ts'
import { reauthenticated, rotate } from '../../src/core/request/rotate.ts'
import { draftOf, State } from '../../src/core/request/state.ts'
import type { Verb } from './run.ts'
import { type Stage, setupOf } from './stage.ts'
import type { Answer, Kept, Request } from './world.ts'

/** Core serves the request as an adapter would: open, handler, commit. Each step takes the request's own state along. */
export async function open(stage: Stage, request: Request, node: number, stale: Kept | null): Promise<Request> {
  stage.node = node
  stage.stale = stale
  const state = new State(setupOf(stage), toView(request.token))
  await openSession(state)
  stage.stale = null
  const { now } = stage.world
  return { ...request, phase: 'open', since: now, openedAt: now, node, state }
}

/** Handlers call a verb and let what it throws become their answer. */
export async function act(stage: Stage, request: Request): Promise<Request> {
  stage.node = request.node
  stage.token = request.token
  const state = copyOf(request.state)
  if (stage.flaw.staleClock) stage.frozenAt = request.openedAt
  const succeeded = await succeeds(() => perform(state, request.verb))
  stage.frozenAt = null
  return { ...request, phase: 'ran', state, succeeded }
}

export async function close(stage: Stage, request: Request): Promise<Request> {
  stage.node = request.node
  const state = copyOf(request.state)
  if (request.verb === 'write') draftOf(state).values.seen = true
  let answer: Answer = null
  if (stage.flaw.staleClock) stage.frozenAt = request.openedAt
  const succeeded = await succeeds(async () => {
    const change = (await commit(state)).find(({ name }) => name === 'token')
    if (change !== undefined) answer = change.value === '' ? 'clear' : { token: change.value }
  })
  stage.frozenAt = null
  if (stage.flaw.answer !== undefined) answer = stage.flaw.answer(state, answer)
  return {
    ...request,
    phase: 'answered',
    since: stage.world.now,
    state: null,
    answer,
    succeeded: request.succeeded && succeeded,
  }
}

/** Whether the verb needs a step of its own between opening and commit. */
export function acts(verb: Verb): boolean {
  return verb !== 'get' && verb !== 'write'
}

async function perform(state: State, verb: Verb): Promise<void> {
  if (verb === 'login') await login(state, 'ada', {})
  if (verb === 'logout') await logout(state, {})
  if (verb === 'rotate') await rotate(state)
  if (verb === 'reauthenticated') await reauthenticated(state, {})
}

async function succeeds(work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof SessionError) return false
    throw error
  }
}

/** Worlds share requests, and core changes its state in place. Objects in a state are replaced, never changed. */
function copyOf(state: State | null): State {
  if (state === null) throw new Error('This request is not open.')
  return Object.assign(Object.create(Object.getPrototypeOf(state)), state)
}

function toView(token: string | null): RequestView {
  return {
    method: 'GET',
    url: '/',
    secure: true,
    peer: null,
    header: (name) => (name === 'cookie' ? token : null),
  }
}
