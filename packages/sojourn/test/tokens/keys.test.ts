import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore } from 'sojourn'
import { storeKeys } from 'sojourn/tokens'
import { fileKeys } from 'sojourn/tokens/file-keys'
import { afterAll, describe, expect, it } from 'vitest'
import { createClock, DAY, HOUR, MINUTE } from '../core/kit.ts'
import { createTokensWorld } from './tokens-kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'sojourn-keys-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = () => join(folder, `${files++}.json`)
const SECRET = 'a-secret-for-token-keys-with-32-characters'

const kidsOf = async (keys: { read(): unknown }) => ((await keys.read()) as { kid: string }[]).map(({ kid }) => kid)

describe.each(['file', 'store'] as const)('keys in a %s', (kind) => {
  function create() {
    const clock = createClock()
    const [path, store] = [newPath(), memoryStore()]
    const process = (options: object = {}) =>
      kind === 'file'
        ? fileKeys(path, { clock, ...options })
        : storeKeys(store, { secrets: [SECRET], clock, ...options })
    return { clock, process, path, store }
  }

  it('are made once, by whichever process is first', async () => {
    const { process } = create()
    const all = await Promise.all(Array.from({ length: 5 }, () => kidsOf(process())))
    expect(new Set(all.map(String)).size).toBe(1)
    expect(all[0]).toHaveLength(1)
  })

  it('a new key is published an hour before it signs, and the old one stays until its last token has expired', async () => {
    const { clock, process } = create()
    const [one, two] = [process(), process()]
    const [first] = await kidsOf(one)
    clock.advance(30 * DAY - HOUR + MINUTE)
    const published = await kidsOf(one)
    expect(published).toHaveLength(2)
    expect(published[0]).toBe(first)
    expect(await kidsOf(two)).toEqual(published)
    clock.advance(HOUR)
    expect(await kidsOf(two)).toEqual([published[1], first])
    clock.advance(2 * HOUR)
    await kidsOf(one)
    expect(await kidsOf(process())).toEqual([published[1]])
  })

  it('a compromised key is gone at once', async () => {
    const { process } = create()
    const keys = process()
    const [first] = await kidsOf(keys)
    await keys.rotate()
    expect((await kidsOf(keys))[0]).toBe(first)
    await keys.rotate({ compromised: true })
    const now = await kidsOf(keys)
    expect(now).toHaveLength(1)
    expect(now).not.toContain(first)
  })

  it.each(['EdDSA', 'ES256', 'RS256', 'PS256'] as const)('sign with %s', async (algorithm) => {
    const { process } = create()
    const world = createTokensWorld({ keys: process({ algorithm }) })
    expect((await world.tokens.verify(await world.issue(await world.login()))).refusal).toBeNull()
  })
})

it('the file is readable by its owner only, and a damaged one is an error that shows nothing of it', async () => {
  const path = newPath()
  await fileKeys(path).read()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readFileSync(path, 'utf8')).toContain('"d":')
  writeFileSync(path, '{"secret-text":')
  await expect(fileKeys(path).read()).rejects.toMatchObject({
    code: 'ERR_STORE',
    message: expect.not.stringContaining('secret-text'),
  })
})

it('a copy of the store signs nothing: its keys are encrypted, and another secret does not open them', async () => {
  const store = memoryStore()
  await storeKeys(store, { secrets: [SECRET] }).read()
  const { values } = (await store.scan?.(null, 100)) ?? { values: [] }
  expect(JSON.stringify(values)).not.toMatch(/"d\\?"|"x\\?"|ES256/)
  const other = storeKeys(store, { secrets: [`${SECRET}-2`] })
  await expect(other.read()).rejects.toMatchObject({ code: 'ERR_OPTION' })
  expect(await kidsOf(storeKeys(store, { secrets: [`${SECRET}-2`, SECRET] }))).toHaveLength(1)
})

it('wrong options are refused', () => {
  const store = memoryStore()
  for (const wrong of [
    {},
    { secrets: [] },
    { secrets: ['short'] },
    { secrets: [SECRET], algorithm: 'HS256' },
    { secrets: [SECRET], rotateEvery: '1h' },
  ])
    expect(() => storeKeys(store, wrong as never), JSON.stringify(wrong)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  expect(() => fileKeys('x', { secret: 'y' } as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
})
