import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import Database from 'libsql'
import { open as openLmdb } from 'lmdb'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { without } from '../../../../tools/servers.mjs'
import { buildChild, type Child, removeBuilt, startChild } from '../support/child.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { startDynalite } from '../support/servers/dynalite.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { dump, startRedis } from '../support/servers/redis.ts'

const folder = quickFolder('erase')
const program = await buildChild(new URL('./children/everything.ts', import.meta.url))
const cleanups: (() => unknown)[] = [removeBuilt]
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

async function started<T extends { stop(): unknown }>(name: string, start: () => Promise<T>): Promise<T | null> {
  if (without().includes(name)) return null
  const server = await start()
  cleanups.push(() => server.stop())
  return server
}

const redis = await started('redis-server', () => startRedis())
const valkey = await started('valkey-server', () => startRedis([], undefined, 'valkey-server'))
const postgres = await started('postgres', startPostgres)
const mariadb = await started('mariadbd', startMariadb)
const dynamodb = await started('dynalite', startDynalite)

/** Everything that a server or a file holds, past the store: `null` if it lives in the application's memory. */
interface Place {
  readonly url: string
  readonly raw: (() => Promise<string>) | null
}

const inMemory = { raw: null }
const PLACES: readonly (readonly [name: string, place: (() => Place) | null])[] = [
  ['memory', () => ({ url: 'memory:', ...inMemory })],
  ['express-session’s MemoryStore', () => ({ url: 'connect:', ...inMemory })],
  ['LMDB', () => ({ url: `lmdb:${join(folder, 'lmdb')}`, raw: () => inLmdb(join(folder, 'lmdb')) })],
  ['SQLite', () => ({ url: `sqlite:${join(folder, 'db.sqlite')}`, raw: () => inSqlite(join(folder, 'db.sqlite')) })],
  ['Redis', redis && (() => ({ url: redis.url, raw: async () => (await dump([redis], '')).join('\n') }))],
  ['Valkey', valkey && (() => ({ url: valkey.url, raw: async () => (await dump([valkey], '')).join('\n') }))],
  ['PostgreSQL', postgres && (() => ({ url: postgres.url, raw: () => inPostgres(postgres.url) }))],
  ['MariaDB', mariadb && (() => ({ url: mariadb.url, raw: () => inMariadb(mariadb.url) }))],
  [
    'DynamoDB',
    dynamodb &&
      (() => ({
        url: `dynamodb://eu-central-1/sessions?endpoint=${dynamodb.endpoint}`,
        async raw() {
          const { Items } = await dynamodb.client().send(new ScanCommand({ TableName: 'sessions' }))
          return JSON.stringify(Items)
        },
      })),
  ],
]

async function inLmdb(path: string): Promise<string> {
  const root = openLmdb({ path, readOnly: true, encoding: 'binary', keyEncoding: 'binary', maxDbs: 20 } as never)
  const names = [...root.getKeys()].map(String)
  const texts = names.flatMap((name) => {
    const one = root.openDB(name, { encoding: 'binary', keyEncoding: 'binary' } as never)
    return [...one.getRange()].map(
      ({ key, value }) => `${String(key)} ${Buffer.from(value as Uint8Array).toString('latin1')}`,
    )
  })
  await root.close()
  return texts.join('\n')
}

/** Also what is left in the file of rows that were deleted. */
async function inSqlite(path: string): Promise<string> {
  const client = new Database(path)
  client.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  client.close()
  return ['', '-wal'].map((end) => (existsSync(path + end) ? readFileSync(path + end, 'latin1') : '')).join('\n')
}

async function inPostgres(url: string): Promise<string> {
  const client = new pg.Client(url)
  await client.connect()
  const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
  const texts: string[] = []
  for (const { tablename } of rows as { tablename: string }[]) {
    texts.push(JSON.stringify((await client.query(`SELECT t::text FROM "${tablename}" t`)).rows))
  }
  await client.end()
  return texts.join('\n')
}

async function inMariadb(url: string): Promise<string> {
  const connection = await createConnection(url)
  const [tables] = await connection.query('SHOW TABLES')
  const texts: string[] = []
  for (const row of tables as object[]) {
    const [rows] = await connection.query(`SELECT * FROM \`${String(Object.values(row)[0])}\``)
    texts.push(...(rows as object[]).map((each) => JSON.stringify(each)))
  }
  await connection.end()
  return texts.join('\n')
}

interface Person {
  readonly user: string
  readonly note: string
  readonly address: string
  readonly agent: string
}

let people = 0
/** Texts that occur nowhere else. The application learns them from requests only. */
function newPerson(): Person {
  const mark = randomBytes(6).toString('hex')
  return {
    user: `user-${mark}`,
    note: `note-${mark}`,
    address: `198.${18 + (people >> 8)}.${people++ & 255}.${100 + ((randomBytes(1)[0] ?? 0) % 100)}`,
    agent: `Mozilla/5.0 (X11; Linux x86_64; agent-${mark}) Gecko/20100101 Firefox/140.0`,
  }
}

const namesOf = ({ user, note, address, agent }: Person) => [user, note, address, agent.slice(26, 50)]

function foundIn(where: string, person: Person): string[] {
  return namesOf(person).filter((name) => where.includes(name))
}

class Browser {
  #cookies = new Map<string, string>()
  readonly port: number
  readonly person: Person
  constructor(port: number, person: Person) {
    this.port = port
    this.person = person
  }
  async send(method: string, path: string, body?: object): Promise<string> {
    const { address, agent } = this.person
    const headers = {
      'user-agent': agent,
      'x-forwarded-for': address,
      'x-forwarded-proto': 'https',
      'content-type': 'application/json',
      cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    }
    return new Promise((resolve, reject) => {
      const sent = request({ port: this.port, host: '127.0.0.1', method, path, headers, agent: false }, (response) => {
        for (const line of response.headers['set-cookie'] ?? []) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
          this.#cookies.set(name, value)
        }
        text(response).then(resolve, reject)
      })
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}

const OPERATOR: Person = { user: 'operator', note: '', address: '192.0.2.1', agent: 'operator' }

async function startApplication(place: Place, name: string, sealed: boolean) {
  const received: string[] = []
  let failures = 1
  const receiver = createServer(async (incoming, response) => {
    received.push(await text(incoming))
    response.writeHead(failures-- > 0 ? 500 : 204).end()
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const { port: hookPort } = receiver.address() as AddressInfo
  const audit = join(folder, `${name}-${sealed}`, 'audit.log')
  mkdirSync(join(folder, `${name}-${sealed}`), { recursive: true })
  const wanted = { store: place.url, sealed, audit, hook: `http://127.0.0.1:${hookPort}/` }
  const credentials = ['AWS_ACCESS_KEY_ID=none', 'AWS_SECRET_ACCESS_KEY=none', 'NODE_NO_WARNINGS=1']
  const child: Child = startChild(program, [JSON.stringify(wanted)], ['env', ...credentials])
  cleanups.push(async () => {
    child.process.kill('SIGTERM')
    await child.ended
    receiver.closeAllConnections()
    receiver.close()
  })
  const port = Number((await child.said('port ')).slice(5))
  const operator = new Browser(port, OPERATOR)
  return { port, child, operator, received, audit: () => readFileSync(audit, 'utf8') }
}

/** A connection of a driver's pool may keep its last call, and with node-postgres its first one, for as long as it is open. */
async function useConnections(port: number): Promise<void> {
  const others = Array.from({ length: 20 }, () => new Browser(port, newPerson()))
  await Promise.all(others.map((other) => other.send('POST', '/login', { user: 'somebody else', note: '' })))
}

describe.each(PLACES)(
  '10 Private by design: erase leaves nothing, with every part switched on, in %s',
  (name, open) => {
    test.skipIf(open === null).each([false, true])('sealed: %s', { timeout: 120_000 }, async (sealed) => {
      const place = (open as () => Place)()
      const { port, child, operator, received, audit } = await startApplication(place, name, sealed)
      await useConnections(port)
      const person = newPerson()
      const [laptop, phone] = [new Browser(port, person), new Browser(port, person)]
      const operate = (what: string, body: object = {}) => operator.send('POST', `/operator/${what}`, body)
      for (const browser of [laptop, phone]) {
        await browser.send('POST', '/login', { user: person.user, note: person.note })
        for (let i = 0; i < 3; i++) await browser.send('GET', '/')
      }
      expect(JSON.parse(await laptop.send('GET', '/'))).toEqual({ user: person.user, refused: null })

      // What this test searches is where these texts are before.
      const before = place.raw === null ? null : foundIn(await place.raw(), person)
      if (before !== null)
        expect(before).toEqual(
          expect.arrayContaining(sealed ? [person.user] : [person.user, person.note, person.address]),
        )
      const exported = await operate('export', { user: person.user })
      expect(exported).toContain(person.user)
      if (!sealed) {
        expect(exported).toContain(person.note)
        expect(exported).toContain(person.address)
        expect((JSON.parse(exported) as { sessions: { notes: object }[] }).sessions[0]?.notes).toHaveProperty('anomaly')
      }

      const slow = laptop.send('GET', '/slow')
      await child.said('waits')
      await operate('erase', { user: person.user })
      await operate('release')
      await slow
      expect(JSON.parse(await laptop.send('GET', '/'))).toMatchObject({ user: null })
      expect(JSON.parse(await operate('export', { user: person.user }))).toMatchObject({ sessions: [] })

      // Guards remember clients for an hour, until another user comes.
      await operate('wait')
      await new Browser(port, newPerson()).send('POST', '/login', { user: 'somebody else', note: '' })
      // Node keeps the last requests and buffers for the next ones.
      for (let i = 0; i < 40; i++) await new Browser(port, newPerson()).send('GET', '/')
      await operate('sweep')
      await operate('settle')
      await vi.waitFor(() => expect(received.join('\n')).toContain('session.ended'))
      await operate('settle')

      if (place.raw !== null) expect(foundIn(await place.raw(), person)).toEqual([])
      expect(foundIn(audit(), person)).toEqual([])
      expect(foundIn(await operate('metrics'), person)).toEqual([])
      // It takes seconds, and a sealed session leaves less.
      if (sealed) return
      const file = join(folder, `${port}.heapsnapshot`)
      let inHeap = namesOf(person)
      // The limiter's own memory has timers.
      for (let tries = 0; tries < 4 && inHeap.length > 0; tries++) {
        await useConnections(port)
        await operate('settle')
        await operate('snapshot', { file })
        inHeap = foundIn(readFileSync(file, 'utf8'), person)
        rmSync(file)
      }
      expect(inHeap, 'in the memory of the process').toEqual([])
    })
  },
)
