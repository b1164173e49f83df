import { expect, test } from 'vitest'
import { storeFrom } from '../../src/stores/url.ts'

test.each([
  ['memory:', 'memory'],
  ['lmdb:./data/sessions', 'lmdb'],
  ['lmdb:///var/lib/sessions', 'lmdb'],
  ['sqlite:./data/sessions.db', 'sqlite'],
  ['redis://user:secret@localhost:6379', 'redis'],
  ['rediss://localhost', 'redis'],
  ['postgres://user:secret@localhost/app', 'postgres'],
  ['postgresql://localhost/app', 'postgres'],
  ['mysql://localhost/app', 'mysql'],
  ['mariadb://localhost/app', 'mysql'],
  ['dynamodb://eu-central-1/sessions', 'dynamodb'],
  ['dynamodb://eu-central-1/sessions?endpoint=http://localhost:8000', 'dynamodb'],
])('%s is a store, and opens nothing yet', async (url, name) => {
  const store = await storeFrom(url)
  expect(store.name).toBe(name)
  await store.close()
})

test.each([
  '',
  'user:hunter2@localhost',
  'hunter2',
  'mongodb://user:hunter2@localhost/app',
  'constructor:hunter2',
  '__proto__:hunter2',
  'lmdb:',
  'sqlite://',
  'dynamodb://hunter2',
  'dynamodb://region/hunter2/more',
  'POSTGRES:hunter2',
])('%s is refused, and not quoted: it may hold a password', async (url) => {
  const error = await storeFrom(url).catch((found: unknown) => found as Error)
  expect(error).toMatchObject({ code: 'ERR_OPTION' })
  expect(`${(error as Error).stack}${String((error as Error).cause)}`).not.toContain('hunter2')
})

test.each([
  [{ application: '' }],
  [{ application: undefined }],
  [{ application: 'my-shop' }],
  [{ application: '2048' }],
  [{ application: 'x'.repeat(40) }],
  [{ application: 'shop:' }],
  [{ prefix: 'shop:' }],
  [{ aplication: 'shop' }],
])('the options %j are refused, because two applications would share sessions', async (options) => {
  await expect(storeFrom('redis://localhost', options as object)).rejects.toMatchObject({ code: 'ERR_OPTION' })
})
