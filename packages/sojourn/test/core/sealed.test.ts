import type { SessionRecord } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createVault, openVault } from '../../src/core/data/vault.ts'
import { createTokens } from '../../src/core/token/token.ts'
import { createWorld, edit, HOUR, look, MINUTE, SECOND, stayFor, toView } from './kit.ts'

const NAME = 'medicalHistory'
const VALUE = 'appendectomy'

async function sealed() {
  const world = createWorld({ sealed: true })
  const client = world.client()
  await client.send((session) => {
    edit({ [NAME]: [VALUE] })(session)
    session.flash.set('note', 'private note')
  })
  const { value: id } = await client.send((session) => session.id)
  return { world, client, id }
}

function secretIn(cookie: string): Uint8Array {
  const parts = createTokens().parse(cookie.replace('__Host-session=', ''))
  if (typeof parts === 'string') throw new Error(parts)
  return parts.secret
}

describe('4 Hashed at rest: sealed data', () => {
  it('a reader of the store sees neither names nor values', async () => {
    const { world, client, id } = await sealed()
    await client.send((session) => session.update('counter', () => 12345))
    await client.send((session) => session.login('ada'))
    const { value: next } = await client.send((session) => session.id)
    for (const kept of [await world.kept(id), await world.kept(next), world.store.calls]) {
      expect(JSON.stringify(kept)).not.toMatch(/medicalHistory|appendectomy|private note|note|counter|12345/)
    }
    expect(Object.keys((await world.record(next)).data)).toHaveLength(3)
  })

  it('the client’s session reads, edits, deletes and updates it', async () => {
    const { world, client, id } = await sealed()
    expect((await client.send(look)).value.data).toEqual({ [NAME]: [VALUE] })
    await client.send(edit({ b: 1 }))
    await client.send((session) => session.update('n', (n) => Number(n ?? 0) + 1))
    await client.send((session) => session.update('n', (n) => Number(n ?? 0) + 1))
    await client.send((session) => {
      ;(session.data[NAME] as string[]).push('x')
      delete session.data.b
    })
    expect((await client.send(look)).value.data).toEqual({ [NAME]: [VALUE, 'x'], n: 2 })
    expect(Object.keys((await world.record(id)).data)).toHaveLength(3)
  })

  it('parallel updates lose nothing', async () => {
    const { world, client } = await sealed()
    const view = toView({ cookie: client.cookie() })
    const nodes = [world.node(), world.node()]
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const { session } = await (nodes[i % 2] ?? world.sessions).open(view)
        await session.update('n', (n) => Number(n ?? 0) + 1)
      }),
    )
    expect((await client.send((session) => session.data.n)).value).toBe(20)
  })

  it('reading it writes nothing', async () => {
    const { world, client } = await sealed()
    world.store.calls.length = 0
    await client.send(look)
    expect(world.store.calls.map(({ operation }) => operation)).toEqual(['read'])
  })

  it('survives renewal, its grace, the lost response, and the next renewal', async () => {
    const { world, client } = await sealed()
    const first = client.cookie()
    await stayFor(world, client, HOUR)
    expect(client.cookie()).not.toBe(first)
    const data = { [NAME]: [VALUE] }
    expect((await client.send(look, { cookie: first })).value.data).toEqual(data)
    expect((await client.send(look)).value.data).toEqual(data)
    world.clock.advance(29 * SECOND)
    expect((await client.send(look, { cookie: first })).value.data).toEqual(data)
    await client.send(edit({ late: 1 }), { cookie: first })
    await stayFor(world, client, HOUR)
    await client.send(() => {})
    expect((await client.send(look)).value.data).toEqual({ ...data, late: 1 })
  })

  /** Renewed, the successor seen, and the grace of the old token over. */
  async function renewed() {
    const { world, client, id } = await sealed()
    const old = secretIn(client.cookie())
    await stayFor(world, client, HOUR)
    await client.send(() => {})
    const before = await world.record(id)
    expect(await openVault(before, old, 'grace')).not.toBeNull()
    world.clock.advance(2 * MINUTE)
    const opens = async () => {
      const kept = await world.kept(id)
      return kept?.kind === 'live' && (await openVault(kept, old, 'grace')) !== null
    }
    return { world, client, old, opens, cookie: client.cookie() }
  }

  it('a copy of the store that is made after the grace of a renewal is closed to the old token: the next request sees to it', async () => {
    const { client, opens } = await renewed()
    await client.send(() => {})
    expect(await opens()).toBe(false)
  })

  it('... also when last-seen is not due for long', async () => {
    const world = createWorld({ sealed: true, timeouts: { idle: '6h', touch: '2h' } })
    const client = world.client()
    await client.send(edit({ [NAME]: [VALUE] }))
    const { value: id } = await client.send((session) => session.id)
    const old = secretIn(client.cookie())
    world.clock.advance(HOUR)
    await client.send(() => {})
    await client.send(() => {})
    expect(await openVault(await world.record(id), old, 'grace')).not.toBeNull()
    world.clock.advance(2 * MINUTE)
    await client.send(() => {})
    expect(await openVault(await world.record(id), old, 'grace')).toBeNull()
  })

  it('... also when that request comes with the old token, and is refused', async () => {
    const { world, cookie, opens, old } = await renewed()
    const [head = ''] = cookie.split('=')
    const parts = createTokens().parse(cookie.slice(head.length + 1))
    if (typeof parts === 'string') throw new Error(parts)
    const token = createTokens().toToken({ ...parts, secret: old })
    expect((await world.client().send(look, { cookie: `${head}=${token}` })).value.refused).toBe('reused')
    expect(await opens()).toBe(false)
  })

  it('of a session that is not used again, the old token opens copies until it expires, an idle limit after its last use', async () => {
    const { world, opens } = await renewed()
    world.clock.advance(28 * MINUTE - 1)
    await world.sessions.sweep()
    expect(await opens()).toBe(true)
    world.clock.advance(1)
    await world.sessions.sweep()
    expect(await opens()).toBe(false)
  })

  it('survives rotation, and the old secret does not open it from then on', async () => {
    const { world, client, id } = await sealed()
    const before = secretIn(client.cookie())
    await client.send((session) => session.rotate())
    expect((await client.send(look)).value.data).toEqual({ [NAME]: [VALUE] })
    const record = await world.record(id)
    for (const standing of ['current', 'renewing', 'successor', 'grace'] as const) {
      expect(await openVault(record, before, standing)).toBeNull()
    }
  })

  it('survives a login, under another key', async () => {
    const { world, client, id } = await sealed()
    const old = await world.record(id)
    await client.send((session) => session.login('ada'))
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', data: { [NAME]: [VALUE] } })
    const { value: next } = await client.send((session) => session.id)
    const record = await world.record(next)
    expect(Object.keys(record.data)).not.toEqual(Object.keys(old.data))
    expect(await openVault(record, secretIn(client.cookie()), 'current')).not.toBeNull()
    expect(await openVault({ ...record, head: old.head }, secretIn(client.cookie()), 'current')).toBeNull()
  })

  it('lists and exports report that there is data, and show none', async () => {
    const { world, client } = await sealed()
    await client.send((session) => session.login('ada'))
    const all = [await world.sessions.list('ada'), await world.sessions.export('ada')]
    expect(JSON.stringify(all)).not.toMatch(/medicalHistory|appendectomy|"note"/)
    expect((await world.sessions.export('ada')).sessions).toMatchObject([{ data: null, flash: null }])
  })

  it('turned on later, plain sessions stay plain, and new ones are sealed', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ plain: 1 }))
    const later = world.node({ sealed: true })
    const exchange = await later.open(toView({ cookie: client.cookie() }))
    expect({ ...exchange.session.data }).toEqual({ plain: 1 })
    edit({ more: 2 })(exchange.session)
    await exchange.commit()
    expect((await client.send(look)).value.data).toEqual({ plain: 1, more: 2 })
    const fresh = await later.open(toView())
    edit({ hidden: 1 })(fresh.session)
    await fresh.commit()
    expect(JSON.stringify(await world.kept(fresh.session.id))).not.toContain('hidden')
  })

  it('turned off later, sealed sessions still open', async () => {
    const { world, client } = await sealed()
    const later = world.node({ sealed: false })
    const { session } = await later.open(toView({ cookie: client.cookie() }))
    expect({ ...session.data }).toEqual({ [NAME]: [VALUE] })
  })
})

describe('an attacker who can write to the store', () => {
  async function tampered(change: (record: SessionRecord) => SessionRecord) {
    const { world, client, id } = await sealed()
    await client.send(edit({ other: 'value' }))
    const record = change(await world.record(id))
    world.store.replace('read', () => record)
    return { world, client, id }
  }

  it('cannot give a key another name', async () => {
    const { client } = await tampered((record) => {
      const [[a, textA], [b, textB]] = Object.entries(record.data) as [[string, string], [string, string]]
      return { ...record, data: { [a]: textB, [b]: textA } }
    })
    expect((await client.send((session) => [{ ...session.data }, session.flash.take('note')])).value).toEqual([
      {},
      undefined,
    ])
  })

  it('cannot put a value of another session in', async () => {
    const donor = await sealed()
    const texts = Object.values((await donor.world.record(donor.id)).data)
    const { client } = await tampered((record) => {
      const names = Object.keys(record.data)
      return { ...record, data: Object.fromEntries(names.map((name, i) => [name, texts[i % texts.length] ?? ''])) }
    })
    expect((await client.send(look)).value.data).toEqual({})
  })

  it('cannot add plain values', async () => {
    const { client } = await tampered((record) => ({ ...record, data: { ...record.data, isAdmin: 'true', x: '' } }))
    expect((await client.send(look)).value.data).toEqual({ [NAME]: [VALUE], other: 'value' })
  })

  it.each(['', 'A', '!!!', 'A'.repeat(80)])(
    'who breaks the wrapped key ends the session, no more: %j',
    async (sealedKey) => {
      const { world, client, id } = await tampered((record) => ({ ...record, head: { ...record.head, sealedKey } }))
      expect((await client.send(look)).value).toEqual({ userId: null, refused: 'invalid', data: {} })
      expect(await world.kept(id)).toMatchObject({ kind: 'ended', reason: 'invalid' })
    },
  )

  it('who moves a wrapped key to another session cannot open it', async () => {
    const donor = await sealed()
    const { head, data } = await donor.world.record(donor.id)
    const { client } = await tampered((record) => ({
      ...record,
      data,
      head: { ...record.head, ...(head.sealedKey !== undefined && { sealedKey: head.sealedKey }) },
    }))
    expect((await client.send(look)).value).toMatchObject({ refused: 'invalid', data: {} })
  })
})

describe('a vault', () => {
  it('gives one key one stored name, and each writing another text', async () => {
    const vault = createVault('id')
    expect(vault.storedKey('a')).toBe(vault.storedKey('a'))
    expect(vault.storedKey('a')).not.toBe(vault.storedKey('b'))
    expect(vault.storedKey('a')).not.toBe(createVault('id').storedKey('a'))
    expect(vault.storedKey('a')).toMatch(/^~s[\w-]{22}$/)
    expect(await vault.toStored('a', '1')).not.toBe(await vault.toStored('a', '1'))
  })

  it('takes any name and text', async () => {
    const vault = createVault('id')
    for (const [name, text] of [
      ['__proto__', '1'],
      ['', '""'],
      ['\u0000é\ud83d\ude00', '"x"'],
    ] as const) {
      const stored = { [vault.storedKey(name)]: await vault.toStored(name, text) }
      expect(Object.entries(await vault.fromStored(stored))).toEqual([[name, text]])
    }
  })
})
