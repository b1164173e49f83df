import { cookies } from 'next/headers.js'
import type { HeaderChange } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Exchange } from '../core/contracts/exchange.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { sendCookies } from './_next-cookies.ts'
import { type CurrentRequest, currentHeaders, currentRequest, type Turn } from './_next-request.ts'
import { toSteered } from './_next-steering.ts'
import { NextView } from './_next-view.ts'

/** Runs a server action with its session, and stores that. Actions that run inside it or beside it share the session. */
export async function runAction<Data extends object, Result>(
  sessions: Sessions<Data>,
  trustProxy: boolean | number | undefined,
  run: (session: Session<Data>) => MaybePromise<Result>,
): Promise<Result> {
  const request = await currentRequest()
  const turn = request.turns.get(sessions) ?? begin(request, sessions, trustProxy)
  turn.users++
  let isKept = false
  try {
    const result = await run((await turn.session) as Session<Data>)
    isKept = true
    return result
  } catch (error) {
    isKept = toSteered(error) !== null
    throw error
  } finally {
    turn.users--
    if (turn.users === 0) await turn.end(isKept)
  }
}

function begin<Data extends object>(
  request: CurrentRequest,
  sessions: Sessions<Data>,
  trustProxy: boolean | number | undefined,
): Turn {
  const opening = open(request, sessions, trustProxy)
  const turn: Turn = {
    session: opening.then(({ session }) => session),
    users: 0,
    end(isKept) {
      request.turns.delete(sessions)
      // Who called the action knows if it was not opened.
      const ending = opening.then(
        (exchange) => end(request, sessions, exchange, isKept),
        () => {},
      )
      request.ending = ending.catch(() => {})
      return ending
    },
  }
  request.turns.set(sessions, turn)
  return turn
}

async function open<Data extends object>(
  request: CurrentRequest,
  sessions: Sessions<Data>,
  trustProxy: boolean | number | undefined,
): Promise<Exchange<Data>> {
  await request.ending
  const jar = await cookies()
  // Next hands out one function for all changes where it allows none.
  if ((jar.set as unknown) === jar.delete) throw new SessionError('ERR_MISUSE', RENDERED)
  const facts = { method: 'POST', url: '/', headers: await currentHeaders(request), canSetHeaders: true }
  const exchange = await sessions.open(new NextView(facts, trustProxy))
  const { answer, session } = exchange
  if (answer !== null) {
    await send(request, await exchange.commit(answer.status))
    throw new SessionError('ERR_DENIED', answer.message)
  }
  request.sessions.set(sessions, session)
  return exchange
}

const RENDERED =
  'An action of withActionSession was called while a page is rendered, where no cookie can be set. Call it from a form or an event.'

async function end(
  request: CurrentRequest,
  sessions: object,
  exchange: Exchange<object>,
  isKept: boolean,
): Promise<void> {
  let isStored = false
  try {
    if (!isKept) return
    await send(request, await exchange.commit())
    await exchange.finish(true)
    isStored = true
  } finally {
    if (!isStored) {
      // Components read what is stored.
      request.sessions.delete(sessions)
      request.reads.delete(sessions)
      await send(request, exchange.salvage())
    }
  }
}

async function send(request: CurrentRequest, changes: readonly HeaderChange[]): Promise<void> {
  if (await sendCookies(changes)) request.setCookies = true
}
