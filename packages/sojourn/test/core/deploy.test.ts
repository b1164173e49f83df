import type { Session, Sessions, StandardSchema } from 'sojourn'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createClient, createWorld } from './kit.ts'

const Old = v.object({ cart: v.optional(v.array(v.string()), []), lang: v.optional(v.string()) })
const Line = v.object({ name: v.string(), count: v.number() })
const New = v.object({ cart: v.optional(v.array(Line), []), lang: v.optional(v.string()) })
/** One release that reads both shapes and writes the old one. */
const Both = v.object({
  cart: v.optional(v.union([v.array(v.string()), v.array(Line)]), []),
  lang: v.optional(v.string()),
})

/** Two pods behind one load balancer, and one user, whose cart the old one wrote. */
async function deploy(newer: StandardSchema<object> = New) {
  const world = createWorld({ data: Old as StandardSchema<never> })
  const client = world.client()
  const pods = {
    old: world.sessions as unknown as Sessions<never>,
    new: world.node({ data: newer as never }) as Sessions<never>,
  }
  async function send<T>(pod: keyof typeof pods, handler: (session: Session) => T | Promise<T>): Promise<T> {
    const browser = createClient(pods[pod])
    for (const [name, pair] of client.jar) browser.jar.set(name, pair)
    const { value } = await browser.send(handler as never)
    client.jar.clear()
    for (const [name, pair] of browser.jar) client.jar.set(name, pair)
    return value as T
  }
  await send('old', (session) => void Object.assign(session.data, { cart: ['lamp'] }))
  return { world, send }
}

const cartOf = ({ data }: Session): unknown => data.cart
const choose = (lang: string) => (session: Session) => void Object.assign(session.data, { lang })

describe('a rolling deploy that changes the shape of one key, with pods of both releases', () => {
  it('an edit of another key on the new pod does not cost the old pod its cart, nor after a rollback', async () => {
    const { send } = await deploy()
    expect(await send('new', cartOf)).toEqual([])
    await send('new', choose('de'))
    await send('new', (session) => session.update('lang', () => 'fr'))
    expect(await send('old', cartOf)).toEqual(['lamp'])
    await send('old', choose('en'))
    expect(await send('old', cartOf)).toEqual(['lamp'])
  })

  it('a login on the new pod does not cost it either', async () => {
    const { send } = await deploy()
    await send('new', (session) => session.login('ada'))
    expect(await send('old', cartOf)).toEqual(['lamp'])
  })

  it('the new pod’s own cart replaces the old one, and the old pod then sees its default', async () => {
    const { send } = await deploy()
    await send('new', (session) => void Object.assign(session.data, { cart: [{ name: 'rug', count: 1 }] }))
    expect(await send('old', cartOf)).toEqual([])
    await send('old', choose('de'))
    expect(await send('new', cartOf)).toEqual([{ name: 'rug', count: 1 }])
  })

  it('with a release between that reads both shapes, nothing is lost in either direction', async () => {
    const { send } = await deploy(Both)
    expect(await send('new', cartOf)).toEqual(['lamp'])
    await send('new', (session) => session.update('cart', (cart) => [...(cart as string[]), 'rug']))
    expect(await send('old', cartOf)).toEqual(['lamp', 'rug'])
  })
})
