import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { type LoggerOptions, pino } from 'pino'
import { createSessions } from 'sojourn'
import { auditLog, loggerSink, verifyAuditLog } from 'sojourn/audit-log'
import { fileSink } from 'sojourn/audit-log/file'
import { describe, expect, it, vi } from 'vitest'
import { createSeal } from '../../src/events/audit-log/chain.ts'
import { verifyFiles } from '../../src/events/audit-log/verify-files.ts'
import { createClient, createWorld } from '../core/kit.ts'
import { faultySink, KEY, type LogFolder, logFolders } from './audit-kit.ts'

const newFolder = logFolders('audit-mishaps')

async function writeEntry(folder: LogFolder, type: string): Promise<void> {
  const log = auditLog(createSessions(), { sink: fileSink({ path: folder.path }), keys: [KEY] })
  await log.record(type, {})
  await log.close()
}

describe('a line that was cut off, and then another one', () => {
  it('a crash while the first one is recorded', async () => {
    const folder = newFolder()
    await writeEntry(folder, 'a')
    appendFileSync(folder.path, '{"log":"first\n{"log":"second')
    await writeEntry(folder, 'b')
    await writeEntry(folder, 'c')
    expect(await folder.verify()).toMatchObject({ ok: true, problems: [], notes: [expect.any(String)] })
  })

  it('that is edited afterwards: found', async () => {
    const folder = newFolder()
    await writeEntry(folder, 'a')
    appendFileSync(folder.path, '{"log":"first\n{"log":"second')
    await writeEntry(folder, 'b')
    writeFileSync(folder.path, readFileSync(folder.path, 'utf8').replace('"first', '"other'))
    expect((await folder.verify()).ok).toBe(false)
  })
})

it('a forged line without JSON in it, in a log without keys, is reported and not thrown', async () => {
  const body = `{"log":"${'a'.repeat(22)}","seq":1,"prev":"","at":"2026-03-02T03:00:00.000Z",ada}`
  const line = `${body.slice(0, -1)},"hash":"${createSeal().make(body)}"}`
  expect(await verifyAuditLog([line])).toMatchObject({ ok: false, problems: [{ where: 'line 1' }] })
})

it('files of a logger are put into order, whatever their names and chains are', async () => {
  const lines: string[] = []
  const sessions = createSessions()
  let now = Date.parse('2026-03-02T03:00:00Z')
  for (let start = 0; start < 8; start++) {
    const sink = loggerSink({ info: (fields) => lines.push(JSON.stringify({ level: 30, ...fields })) })
    const log = auditLog(sessions, { sink, keys: [KEY], clock: () => now++ })
    await log.record('x', {})
    await log.close()
  }
  const files = Array.from({ length: 12 }, () => newFolder().path)
  for (const [index, file] of files.entries())
    writeFileSync(file, `{"level":30,"msg":"up"}\n${lines.slice(index * 2, index * 2 + 2).join('\n')}\n`.slice(24))
  expect(await verifyFiles(files.reverse(), { keys: [KEY], field: 'audit' })).toMatchObject({ ok: true, lines: 24 })
})

it('an id of the application that is a number is kept', async () => {
  const folder = newFolder()
  const log = auditLog(createSessions(), { sink: fileSink({ path: folder.path }), keys: [KEY] })
  await log.record('order.placed', { id: 1234, userId: 42, items: [{ id: 7 }] })
  await log.close()
  expect(folder.entries()[1]).toMatchObject({ details: { id: 1234, userId: 42, items: [{ id: 7 }] } })
})

describe('a sink that never answers', () => {
  it('is reported after 15 seconds, and holds up neither requests nor, for long, a shutdown', async () => {
    vi.useFakeTimers()
    try {
      const sessions = createSessions()
      const faults: unknown[] = []
      sessions.on('fault', ({ error }) => void faults.push(error))
      const sink = faultySink()
      const log = auditLog(sessions, { sink, keys: [KEY] })
      await log.setup()
      sink.hold()
      const client = createClient(sessions)
      await client.send((session) => session.login('ada'))
      await vi.advanceTimersByTimeAsync(14_000)
      await client.send((session) => session.rotate())
      expect(faults).toEqual([])
      await vi.advanceTimersByTimeAsync(2_000)
      await client.send((session) => session.rotate())
      await client.send((session) => session.rotate())
      await vi.advanceTimersByTimeAsync(1)
      expect(faults).toMatchObject([{ code: 'ERR_EVENTS', message: expect.stringContaining('does not end') }])
      const closed = expect(log.close()).rejects.toMatchObject({ code: 'ERR_EVENTS' })
      await vi.advanceTimersByTimeAsync(15_000)
      await closed
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a logger that fails', () => {
  it('with a rejected promise: one fault, and the entries come when it works again', async () => {
    const world = createWorld()
    const lines: string[] = []
    let isDown = true
    const info = async (fields: object) => {
      if (isDown) throw new Error('no connection')
      lines.push(JSON.stringify(fields))
    }
    const log = auditLog(world.sessions, { sink: loggerSink({ info }), keys: [KEY] })
    await world.client().send((session) => session.login('ada'))
    await log.flush().catch(() => undefined)
    expect(world.eventsOf('fault')).toMatchObject([{ error: { code: 'ERR_EVENTS' } }])
    isDown = false
    await log.close()
    expect(await verifyAuditLog(lines, { keys: [KEY], field: 'audit' })).toMatchObject({
      ok: true,
      logs: [{ isClosed: true }],
    })
  })

  it.each(['at once', 'with a promise'])('%s, in the middle of several entries: none is logged twice', async (how) => {
    const lines: string[] = []
    const info = (fields: object): unknown => {
      if (lines.length === 3 && !lines.includes('')) {
        lines.push('')
        const error = new Error('no connection')
        if (how === 'at once') throw error
        return Promise.reject(error)
      }
      lines.push(JSON.stringify(fields))
      return undefined
    }
    const log = auditLog(createSessions(), { sink: loggerSink({ info }), keys: [KEY] })
    const all = Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((type) => log.record(type, {})))
    await log.flush().catch(() => undefined)
    await log.close()
    await all
    const logged = lines.filter((line) => line !== '')
    expect(await verifyAuditLog(logged, { keys: [KEY], field: 'audit' })).toMatchObject({ ok: true, lines: 7 })
  })
})

describe('a logger that is pino', () => {
  const record = async (options: LoggerOptions): Promise<string[]> => {
    const lines: string[] = []
    const sink = loggerSink(pino(options, { write: (line: string) => void lines.push(line.trimEnd()) }))
    const log = auditLog(createSessions(), { sink, keys: [KEY] })
    await log.record('x', { email: 'ada@example.com', name: 'Zoë\u2028', tiny: -0, huge: 1e21, ['__proto__']: 'own' })
    await log.close()
    return lines
  }
  const check = (lines: readonly string[], field: string) => verifyAuditLog(lines, { keys: [KEY], field })

  it('writes lines that are whole, also inside a nested key and with its own names', async () => {
    expect(await check(await record({}), 'audit')).toMatchObject({ ok: true, lines: 3 })
    expect(await check(await record({ nestedKey: 'p' }), 'p.audit')).toMatchObject({ ok: true, lines: 3 })
    expect(await check(await record({ messageKey: 'm', base: null, timestamp: false }), 'audit')).toMatchObject({
      ok: true,
    })
  })

  it('lines of the application stand between them, and one without its entry is found', async () => {
    const lines = (await record({})).flatMap((line) => [line, '{"level":30,"msg":"up"}'])
    expect(await check(lines, 'audit')).toMatchObject({ ok: true, lines: 3 })
    expect(
      (
        await check(
          lines.map((line) => line.replace('"audit":{"log"', '"other":{"log"')),
          'audit',
        )
      ).lines,
    ).toBe(0)
    const second = lines.map((line, index) => (index === 2 ? line.replace('"audit":', '"other":') : line))
    expect(await check(second, 'audit')).toMatchObject({ ok: false })
  })

  it.each([{ level: 'warn' }, { enabled: false }])('is refused if it drops the entries: %o', async (options) => {
    expect(() => loggerSink(pino(options))).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  it('while the level is raised, nothing is stored, and the entries come when it is lowered', async () => {
    const lines: string[] = []
    const logger = pino({}, { write: (line: string) => void lines.push(line.trimEnd()) })
    const sessions = createSessions()
    const log = auditLog(sessions, { sink: loggerSink(logger), keys: [KEY] })
    await log.setup()
    logger.level = 'error'
    await expect(log.record('x', {})).rejects.toMatchObject({ code: 'ERR_EVENTS' })
    logger.level = 'info'
    await log.close()
    expect(await check(lines, 'audit')).toMatchObject({ ok: true, lines: 3, logs: [{ isClosed: true }] })
  })

  it('a field that pino redacts is found as an edited line', async () => {
    expect((await check(await record({ redact: ['audit.details.email'] }), 'audit')).ok).toBe(false)
  })
})
