import { type AdapterContext, adapterCases } from '@sojourn/conformance'
import { reactRouterSessions } from 'sojourn/react-router'
import { testCases } from '../support/run-cases.ts'
import { serveReactRouter } from './support/react-router.ts'
import { toWebResponse } from './support/web-reply.ts'

const serve: AdapterContext['serve'] = (sessions, handle) =>
  serveReactRouter({
    // React Router abandons the loaders of a client that has left: react-router.test.ts.
    hearsOfLeaving: false,
    middleware: [reactRouterSessions(sessions)],
    async answer({ context, request }) {
      const { pathname, search } = new URL(request.url)
      return toWebResponse(await handle(sessions.get(context), { method: request.method, url: pathname + search }))
    },
  })

testCases('React Router 7', adapterCases, { serve, errorPages: true })
