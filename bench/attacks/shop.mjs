/** The application that is attacked. It is the same for every library: only `operations` differ. */

/**
 * What an application does with the session of a request.
 * @template Request
 * @typedef {object} Operations
 * @property {(request: Request) => string | null | undefined | Promise<string | null | undefined>} user who is logged in
 * @property {(request: Request) => unknown} visit what a page for visitors does: it looks at the session
 * @property {((request: Request) => unknown) | null} fill stores something in the session; `null`: sessions hold no data
 * @property {(request: Request, user: string) => unknown} login
 * @property {(request: Request) => unknown} logout
 * @property {((request: Request) => unknown) | null} endOthers ends the user's other sessions; `null`: the library has no call for it
 */

/**
 * @typedef {object} State
 * @property {string[]} paid in whose name money was sent
 * @property {Promise<void> | null} hold what the route `/slow` waits for
 * @property {number} held how many requests wait there
 */

/** @returns {State} */
export const createState = () => ({ paid: [], hold: null, held: 0 })

const NO_CALL = { status: 501, body: 'The library has no call for it.' }

/**
 * The answer of a route: a status and a text, and whether the application calls the response public.
 * @template Request
 * @param {State} state
 * @param {Operations<Request>} operations
 * @param {string} route
 * @param {Request} request
 * @param {string} user of a login's form
 * @returns {Promise<{ status: number, body: string, isPublic?: true }>}
 */
export async function answer(state, operations, route, request, user) {
  const whoIs = async () => (await operations.user(request)) ?? null
  switch (route) {
    case 'GET /style.css':
      await operations.visit(request)
      return { status: 200, body: 'body {}', isPublic: true }
    case 'POST /cart':
      if (operations.fill === null) return NO_CALL
      await operations.fill(request)
      return { status: 200, body: 'stored' }
    case 'POST /login':
      await operations.login(request, user)
      return { status: 200, body: user }
    case 'POST /logout':
      await operations.logout(request)
      return { status: 200, body: 'nobody' }
    case 'POST /end-others':
      if (operations.endOthers === null) return NO_CALL
      await operations.endOthers(request)
      return { status: 200, body: 'ended' }
    case 'POST /transfer': {
      const payer = await whoIs()
      if (payer !== null) state.paid.push(payer)
      return { status: payer === null ? 401 : 200, body: 'sent' }
    }
    case 'POST /slow':
      state.held++
      await state.hold
      if (operations.fill === null) return NO_CALL
      await operations.fill(request)
      return { status: 200, body: 'stored' }
    default: {
      const owner = await whoIs()
      return { status: owner === null ? 401 : 200, body: owner ?? 'nobody' }
    }
  }
}
