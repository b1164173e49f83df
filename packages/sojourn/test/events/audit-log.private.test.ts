import { auditLog } from 'sojourn/audit-log'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, HOUR, MINUTE, rejection, stayFor, toView } from '../core/kit.ts'
import { faultySink, KEY } from './audit-kit.ts'

const SECRETS = ['secret value', 'Private Note']

describe('no token, secret, key or data is in an audit log', () => {
  it.each([undefined, ['a key of the sessions in these tests']])(
    'over everything a session can live through (keys: %s)',
    async (keys) => {
      const world = createWorld(keys === undefined ? {} : { keys })
      const sink = faultySink()
      const log = auditLog(world.sessions, { sink, keys: [KEY], address: 'full' })
      const client = world.client()
      const tokens: string[] = []
      const keep = () => tokens.push(client.token() ?? '')

      await client.send((session) => {
        edit({ secretKey: SECRETS[0] })(session)
        session.flash.set('note', SECRETS[1] ?? '')
      })
      keep()
      await client.send((session) => session.login('ada', { methods: ['pwd'] }))
      keep()
      await stayFor(world, client, HOUR)
      keep()
      await client.send(() => {})
      await client.send((session) => session.rotate())
      keep()
      await client.send((session) => session.reauthenticated())
      keep()
      await client.send((session) => session.refused, { cookie: `__Host-session=${tokens[1]}` })
      const made = 'z'.repeat(keys === undefined ? 54 : 64)
      await client.send((session) => session.refused, { cookie: `__Host-session=${made}` })
      // A client that puts its own token where it does not belong.
      const misplaced = tokens.at(-1) ?? ''
      await client.send((session) => session.refused, {
        url: `/share/${misplaced}?session=${misplaced}`,
        headers: { host: misplaced, origin: `https://${misplaced}`, 'user-agent': misplaced },
        peer: misplaced,
        cookie: '__Host-session=wrong',
      })
      await log.record('shared', { link: `https://shop.example/${misplaced}`, list: [misplaced] })
      for (const operation of ['read', 'write', 'end', 'create'] as const) {
        world.store.fail(operation, { error: new Error(`the driver quotes ${misplaced}`) })
        await rejection(async () => {
          const { session, commit } = await world.sessions.open(toView({ cookie: `__Host-session=${misplaced}` }))
          if (operation === 'create') await session.login('bob')
          if (operation === 'end') await session.logout()
          edit({ secretKey: SECRETS[0], other: 1 })(session)
          await commit()
        })
      }
      world.clock.advance(2 * MINUTE)
      await world.client().send((session) => session.refused, { cookie: `__Host-session=${tokens[3]}` })
      await world.sessions.revokeAll('ada')
      await log.close()

      const all = sink.texts.join('\n')
      const types = new Set(sink.texts.map((text) => (JSON.parse(text) as { type: string }).type))
      expect([...types]).toEqual(
        expect.arrayContaining([
          'created',
          'login',
          'ended',
          'renewed',
          'rotated',
          'reauthenticated',
          'refused',
          'reuse',
          'fault',
        ]),
      )
      expect(new Set(tokens).size).toBeGreaterThan(3)
      for (const token of [...tokens, misplaced]) {
        expect(token.length).toBeGreaterThanOrEqual(54)
        expect(all).not.toContain(token)
        expect(all).not.toContain(token.slice(0, 21))
        expect(all).not.toContain(token.slice(22, 53))
      }
      for (const secret of [...SECRETS, KEY, 'a key of the sessions', 'the driver quotes'])
        expect(all).not.toContain(secret)
    },
  )
})
