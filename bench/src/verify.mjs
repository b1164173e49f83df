import { deepStrictEqual, match } from 'node:assert/strict'
import { createClient } from './client.mjs'
import { BARE_ANSWER } from './work.mjs'

/**
 * Checks, before anything is timed, that a contender does the work: two sessions, each read, one changed, both read again.
 *
 * @param {import('./contenders.mjs').Contender} contender
 * @param {number} port
 */
export async function verify({ name, kind }, port) {
  const one = createClient(port)
  const two = createClient(port)
  try {
    const first = await one.ask('POST /new')
    const second = await two.ask('POST /new')
    match(`${first.body.user} ${second.body.user}`, /^user-\d{8} user-\d{8}$/)
    if (kind === 'bare') {
      deepStrictEqual([first.body, second.body, (await one.ask('GET /read')).body], Array(3).fill(BARE_ANSWER))
      return
    }
    deepStrictEqual(first.body, { user: first.body.user, items: 3, n: 0 })
    deepStrictEqual(first.body.user === second.body.user, false)
    deepStrictEqual((await one.ask('GET /read')).body, first.body)
    deepStrictEqual((await one.ask('POST /write')).body, { ...first.body, n: 1 })
    deepStrictEqual((await one.ask('GET /read')).body, { ...first.body, n: 1 })
    deepStrictEqual((await two.ask('GET /read')).body, second.body)
  } catch (cause) {
    throw new Error(`${name} does not do the work.`, { cause })
  } finally {
    one.close()
    two.close()
  }
}
