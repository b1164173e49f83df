import { type AdapterContext, adapterCases } from '@sojourn/conformance'
import { svelteKitSessions } from 'sojourn/sveltekit'
import { beforeAll, vi } from 'vitest'
import { testCases } from '../support/run-cases.ts'
import { serveSvelteKit } from './support/sveltekit.ts'
import { toWebResponse } from './support/web-reply.ts'

const serve: AdapterContext['serve'] = (sessions, handle) =>
  serveSvelteKit({
    handle: svelteKitSessions(sessions),
    async answer(event) {
      const { method, url } = event.request
      const { pathname, search } = new URL(url)
      return toWebResponse(await handle(sessions.get(event), { method, url: pathname + search }))
    },
  })

beforeAll(() => {
  // SvelteKit prints what handlers throw.
  vi.spyOn(console, 'error').mockImplementation(() => {})
})

testCases('SvelteKit 2', adapterCases, { serve, errorPages: true })
