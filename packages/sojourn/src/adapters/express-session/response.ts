import type { HeaderChange } from '../../core/contracts/carrier.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { chain, rescue } from '../../core/lib/maybe.ts'
import type { Next, NodeResponse } from '../_node-types.ts'
import type { Storing } from '../_storing.ts'
import { isSame, knownOf, textsOf } from './known.ts'
import { isSecure, type Settings } from './options.ts'
import { destroyId, isSessionEnded, saveSession, touchSession, unfinished } from './save.ts'
import type { Session } from './session.ts'
import { sign } from './signed-cookie.ts'
import type { IncomingRequest, SessionRequest } from './types.ts'

/** Stores the session before the response leaves, and decides about the cookie. */
export class SessionResponse implements Storing {
  readonly #request: IncomingRequest & SessionRequest
  readonly #response: NodeResponse
  readonly #next: Next
  readonly #settings: Settings
  /** The id that the client sent, and the one that the request began with. */
  readonly #sentId: string | undefined
  readonly #firstId: string | undefined
  #isTouched = false
  #isKept = false
  #isDestroyed = false
  /** A failed write is not tried again at the end of the same response. */
  #hasFailed = false

  constructor(
    request: IncomingRequest & SessionRequest,
    response: NodeResponse,
    next: Next,
    settings: Settings,
    sentId: string | undefined,
  ) {
    this.#request = request
    this.#response = response
    this.#next = next
    this.#settings = settings
    this.#sentId = sentId
    this.#firstId = request.sessionID
  }

  commit(): MaybePromise<readonly HeaderChange[]> {
    return chain(unfinished(this.#request), () => {
      const changes = this.#cookie()
      return chain(this.#store(), () => changes)
    })
  }

  finish(isWhole = false): MaybePromise<void> {
    return isWhole ? undefined : chain(unfinished(this.#request), () => this.#store())
  }

  salvage(): readonly HeaderChange[] {
    return []
  }

  #cookie(): readonly HeaderChange[] {
    const { sessionID: id, session } = this.#request
    if (session && !('cookie' in session)) throw new SessionError('ERR_MISUSE', REPLACED)
    if (!session || typeof id !== 'string' || !this.#sendsCookie(session as Session)) return []
    const { cookie } = session as Session
    if (cookie.secure && !isSecure(this.#request, this.#settings.proxy)) {
      this.#settings.warnOnce(INSECURE)
      return []
    }
    this.#touch(session as Session)
    try {
      const value = sign(id, this.#settings.secretsOf(this.#request)[0] ?? '')
      return [{ name: 'set-cookie', value: cookie.serialize(this.#settings.name, value), how: 'append' }]
    } catch (error) {
      this.#report(error)
      return []
    }
  }

  #sendsCookie(session: Session): boolean {
    const { rolling, saveUninitialized } = this.#settings
    if (this.#sentId !== this.#request.sessionID) return saveUninitialized || this.#isModified(session)
    return rolling || (session.cookie.expires != null && this.#isModified(session))
  }

  #store(): MaybePromise<void> {
    const { sessionID: id, session, sessionStore } = this.#request
    if (this.#hasFailed) return
    if (!session) {
      if (this.#settings.unset !== 'destroy' || !id || this.#isDestroyed) return
      this.#isDestroyed = true
      return this.#quietly(destroyId(sessionStore, id))
    }
    this.#touch(session as Session)
    if (typeof id !== 'string') return
    if (this.#mustSave(session as Session)) return this.#quietly(saveSession(sessionStore, session as Session))
    if (this.#sentId !== id || this.#isKept || sessionStore.touch === undefined) return
    this.#isKept = true
    return this.#quietly(touchSession(sessionStore, session as Session))
  }

  #mustSave(session: Session): boolean {
    const { saved } = knownOf(session)
    const isNew = !this.#settings.saveUninitialized && saved === null && this.#sentId !== this.#request.sessionID
    if (isNew) return this.#isModified(session)
    return saved === null || !isSame(saved, textsOf(session))
  }

  #isModified(session: Session): boolean {
    return this.#firstId !== session.id || !isSame(knownOf(session).original, textsOf(session))
  }

  #touch(session: Session): void {
    if (!this.#isTouched) session.touch()
    this.#isTouched = true
  }

  /** As with express-session, the client gets its answer, and `next` the error. A session that was destroyed meanwhile is none. */
  #quietly(work: MaybePromise<unknown>): MaybePromise<void> {
    return rescue<unknown>(
      () => work,
      (error) => {
        this.#hasFailed = true
        if (!isSessionEnded(error)) this.#report(error)
      },
    ) as MaybePromise<void>
  }

  #report(error: unknown): void {
    // Express closes the connection if an error comes after the headers, so the answer must have left.
    const tell = (): void => void setImmediate(this.#next, error)
    const { stream = this.#response } = this.#response
    if (stream.destroyed) tell()
    else this.#response.once('close', tell)
  }
}

const REPLACED = 'req.session was replaced by another object. Set properties of req.session instead.'

const INSECURE =
  'express-session: cookie.secure is set, but this request did not come over HTTPS, so the session cookie was not sent. Behind a proxy, set app.set("trust proxy", 1), or the option proxy.'
