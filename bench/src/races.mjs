import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from './client.mjs'

export const PARALLEL = 50
const TRIALS = 5

/**
 * @typedef {object} LogoutRace Whether somebody was still logged in, asked with
 * @property {boolean} rightAfter the cookie from before the logout, right after it,
 * @property {boolean} jar what a browser holds once the slow request has ended,
 * @property {boolean} replayed the cookie from before the logout, once the slow request has ended.
 *
 * @typedef {object} Races
 * @property {number[]} kept Keys left of 50, for each trial.
 * @property {number[]} keptWithWork The same with 5 to 24 ms of work in the handler.
 * @property {LogoutRace} reading A slow request that only reads,
 * @property {LogoutRace} writing or that writes.
 */

/**
 * @param {import('./fleet.mjs').Member} member
 * @returns {Promise<Races>}
 */
export async function race({ port, server }) {
  return {
    kept: await lostUpdates(port, () => 0),
    keptWithWork: await lostUpdates(port, (i) => 5 + ((i * 7) % 20)),
    reading: await logoutRace(port, server, 'POST /slow?write=0'),
    writing: await logoutRace(port, server, 'POST /slow?write=1'),
  }
}

/**
 * Parallel requests on one session, each adding a key; answers how many keys there are afterwards. The connections are
 * opened beforehand, or the first trial would run one request after another.
 *
 * @param {number} port
 * @param {(i: number) => number} msOf
 */
async function lostUpdates(port, msOf) {
  const requests = Array.from({ length: PARALLEL }, (_, i) => i)
  const kept = []
  const client = createClient(port)
  await Promise.all(requests.map(() => client.ask('GET /me', '')))
  for (let trial = 0; trial < TRIALS; trial++) {
    client.forget()
    await client.ask('POST /new')
    await Promise.all(requests.map((i) => client.ask(`POST /add?key=race-${i}&ms=${msOf(i)}`)))
    const { body } = await client.ask('GET /keys')
    kept.push(body.keys)
  }
  client.close()
  return kept
}

/**
 * A slow request is let in, the user logs out, and only then the slow request goes on.
 *
 * @param {number} port
 * @param {import('./child.mjs').Child} server
 * @param {string} slowRoute
 * @returns {Promise<LogoutRace>}
 */
async function logoutRace(port, server, slowRoute) {
  const client = createClient(port)
  await client.ask('POST /login')
  const before = client.cookie()
  const isIn = async (/** @type {string | undefined} */ cookie) => (await client.ask('GET /me', cookie)).status === 200
  if (!(await isIn(before))) throw new Error('The login did not log in.')

  const slow = client.ask(slowRoute)
  while ((await server.call('held')) === 0) await sleep(5)
  await client.ask('POST /logout')
  const rightAfter = await isIn(before)
  await server.call('release')
  await slow
  const replayed = await isIn(before)
  const jar = await isIn(undefined)
  client.close()
  return { rightAfter, jar, replayed }
}
