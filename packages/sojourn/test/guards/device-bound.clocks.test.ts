import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../core/kit.ts'
import { challengeOf, createBound, createScene, logIn, offerOf, refresh, visit } from './device-browser.ts'

describe('the clock of the server is set back', () => {
  test('a copied session cookie opens nothing without the bound cookie, as before', async () => {
    const { thief, clock } = await createBound()
    clock.advance(-HOUR)
    expect(await visit(thief())).toMatchObject({ userId: null, refused: 'withheld' })
    clock.advance(55 * MINUTE)
    expect(await visit(thief())).toMatchObject({ userId: null, refused: 'withheld' })
  })

  test('the honest browser stays logged in', async () => {
    const { browser, clock } = await createBound()
    clock.advance(-HOUR)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test('proofWithin asks for a new proof, because nobody knows how old the last one is', async () => {
    const { thief, browser, key, id, challenge, clock } = await createBound({ proofWithin: () => '10m' })
    const copy = thief(true)
    clock.advance(-HOUR)
    expect((await visit(copy)).answer?.status).toBe(307)
    await refresh(browser, id, key.sign({ jti: challenge }))
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })

  test("'require' and 'prefer' give an unbound session no second minute", async () => {
    const required = createScene({ policy: 'require' })
    await logIn(required.browser)
    required.clock.advance(-HOUR)
    expect((await visit(required.browser)).answer).toMatchObject({ status: 403, reason: 'device-unbound' })
    const preferred = createScene({ policy: 'prefer' })
    await logIn(preferred.browser)
    preferred.clock.advance(-HOUR)
    expect(await visit(preferred.browser)).toMatchObject({ userId: 'ada', isFresh: false })
  })

  test('nothing is offered for an old proof of identity', async () => {
    const { browser, thief, clock } = await reauthenticated()
    clock.advance(-HOUR)
    expect(offerOf((await visit(thief)).headers)).toBeNull()
    expect(offerOf((await visit(browser)).headers)).toBeNull()
  })
})

/** An unbound session whose next response would offer a binding, and a copy of its cookie. */
async function reauthenticated() {
  const scene = createScene()
  await logIn(scene.browser)
  scene.clock.advance(10 * MINUTE)
  await visit(scene.browser, { method: 'POST' }, (session) => session.reauthenticated())
  const thief = scene.client()
  for (const [name, pair] of scene.browser.jar) thief.jar.set(name, pair)
  return { ...scene, thief }
}

describe('two servers whose clocks differ by less than a minute', () => {
  test('the one behind accepts the requests of a browser that has just registered at the other', async () => {
    const { thief: browser, clock } = await createBound()
    clock.advance(-2 * MINUTE - 50 * SECOND)
    expect(await visit(browser())).toMatchObject({ userId: 'ada', answer: null })
  })

  test('the one behind accepts a proof that the other has just checked', async () => {
    const { browser, key, id, clock } = await createBound({ proofWithin: () => '1m' })
    const { text } = challengeOf((await refresh(browser, id)).answer)
    await refresh(browser, id, key.sign({ jti: text }))
    clock.advance(-50 * SECOND)
    expect(await visit(browser)).toMatchObject({ userId: 'ada', answer: null })
  })
})
