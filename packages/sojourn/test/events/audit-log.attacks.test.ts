import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createSessions } from 'sojourn'
import { auditLog, loggerSink, verifyAuditLog } from 'sojourn/audit-log'
import { fileSink } from 'sojourn/audit-log/file'
import { describe, expect, it } from 'vitest'
import { createSeal, toLine } from '../../src/events/audit-log/chain.ts'
import { createClient } from '../core/kit.ts'
import { KEY, type LogFolder, logFolders } from './audit-kit.ts'

const newFolder = logFolders('audit-attacks')

interface Written {
  readonly folder: LogFolder
  readonly anchor: string
}

/** A log of ten lines: opened, eight events, closed. With a small `rotateBytes`, over several files. */
async function writeLog(keys: string[] | null = [KEY], rotateBytes = 1e6, folder = newFolder()): Promise<Written> {
  const sessions = createSessions()
  const sink = fileSink({ path: folder.path, rotateBytes })
  const log = auditLog(sessions, { sink, ...(keys !== null && { keys }) })
  for (const user of ['ada', 'grace', 'alan', 'edsger']) {
    const client = createClient(sessions)
    await client.send((session) => session.login(user))
    await log.flush()
    await client.send((session) => session.logout())
    await log.flush()
  }
  await log.close()
  await sessions.close()
  return { folder, anchor: log.anchor() ?? '' }
}

const brokenAt = (folder: LogFolder, line: number) => ({ where: `${folder.path}:${line}` })

describe('somebody who can write to the file, without the key', () => {
  it('an honest log is whole', async () => {
    const { folder, anchor } = await writeLog()
    expect(folder.entries().map(({ type }) => type)).toEqual([
      'audit.opened',
      ...Array.from({ length: 4 }, () => ['login', 'ended']).flat(),
      'audit.closed',
    ])
    expect(await folder.verify({ anchors: [anchor] })).toMatchObject({
      ok: true,
      lines: 10,
      problems: [],
      notes: [],
      logs: [{ first: 1, last: 10, anchor, isClosed: true }],
    })
  })

  it('edited line: another user is blamed', async () => {
    const { folder } = await writeLog()
    folder.rewrite((lines) => lines.map((line) => line.replace('"userId":"grace"', '"userId":"eve!!"')))
    const { problems } = await folder.verify()
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatchObject({ ...brokenAt(folder, 4), what: expect.stringContaining('was edited') })
  })

  it('edited line: a field is written twice, so that another program reads another value', async () => {
    const { folder } = await writeLog()
    folder.rewrite((lines) =>
      lines.map((line, i) => (i === 3 ? line.replace('"type"', '"userId":"eve","type"') : line)),
    )
    expect((await folder.verify()).problems[0]).toMatchObject(brokenAt(folder, 4))
  })

  it('edited line: only the spelling of the JSON changes', async () => {
    const { folder } = await writeLog()
    folder.rewrite((lines) => lines.map((line, i) => (i === 3 ? line.replace('grace', '\\u0067race') : line)))
    expect((await folder.verify()).problems).toMatchObject([brokenAt(folder, 4)])
  })

  it('deleted line', async () => {
    const { folder } = await writeLog()
    folder.rewrite((lines) => lines.filter((_, i) => i !== 3))
    const { problems } = await folder.verify()
    expect(problems).toEqual([{ ...brokenAt(folder, 4), what: '1 lines before it are missing' }])
  })

  it('deleted first lines', async () => {
    const { folder } = await writeLog()
    folder.rewrite((lines) => lines.slice(4))
    const { problems } = await folder.verify()
    expect(problems).toMatchObject([{ where: null, what: expect.stringContaining('lines 1 to 4 are missing') }])
  })

  it('swapped lines', async () => {
    const { folder } = await writeLog()
    folder.rewrite(([a = '', b = '', c = '', ...rest]) => [a, c, b, ...rest])
    expect((await folder.verify()).problems[0]).toMatchObject(brokenAt(folder, 2))
  })

  it('repeated line', async () => {
    const { folder } = await writeLog()
    folder.rewrite((lines) => [...lines.slice(0, 5), lines[2] ?? '', ...lines.slice(5)])
    expect((await folder.verify()).problems[0]).toMatchObject({
      ...brokenAt(folder, 6),
      what: expect.stringContaining('moved or copied'),
    })
  })

  it('appended forged line: with a plain hash, because the key is not known', async () => {
    const { folder } = await writeLog()
    const last = JSON.parse(folder.lines().at(-1) ?? '{}') as { log: string; seq: number; hash: string }
    const forged = toLine(createSeal(), last, Date.now(), { type: 'ended', userId: 'ada', reason: 'logout' })
    appendFileSync(folder.path, `${forged.text}\n`)
    expect((await folder.verify()).problems).toMatchObject([
      { ...brokenAt(folder, 11), what: expect.stringContaining('another key') },
    ])
  })

  it('appended line that is none', async () => {
    const { folder } = await writeLog()
    appendFileSync(folder.path, '{"type":"login"}\n')
    expect((await folder.verify()).problems).toEqual([
      { ...brokenAt(folder, 11), what: 'it is not a line of an audit log' },
    ])
  })

  it('an edited line that is passed off as torn by a crash', async () => {
    const { folder } = await writeLog()
    folder.rewrite((lines) => lines.map((line, i) => (i === 3 ? line.slice(0, 40) : line)))
    expect((await folder.verify()).problems[0]).toMatchObject(brokenAt(folder, 4))
  })

  it('truncated end: found with an anchor that is kept elsewhere', async () => {
    const { folder, anchor } = await writeLog()
    folder.rewrite((lines) => lines.slice(0, 6))
    const unaware = await folder.verify()
    expect(unaware.ok, 'without an anchor, nothing shows it').toBe(true)
    expect(unaware.logs[0]?.isClosed, 'but the log was not closed').toBe(false)
    expect((await folder.verify({ anchors: [anchor] })).problems).toMatchObject([
      { where: null, what: expect.stringContaining('ends at line 6, but had 10 lines') },
    ])
  })

  it('truncated end, and then the process starts again: the anchor still shows it', async () => {
    const { folder, anchor } = await writeLog()
    folder.rewrite((lines) => lines.slice(0, 6))
    await writeLog([KEY], 1e6, folder)
    expect((await folder.verify({ anchors: [anchor] })).problems).toMatchObject([
      { what: expect.stringContaining('is not the one that an anchor names') },
    ])
  })

  it('cut within the last line', async () => {
    const { folder, anchor } = await writeLog()
    truncateSync(folder.path, readFileSync(folder.path).length - 30)
    const report = await folder.verify({ anchors: [anchor] })
    expect(report.notes).toMatchObject([expect.stringContaining('incomplete')])
    expect(report.problems).toHaveLength(1)
  })

  it('the whole log is gone', async () => {
    const { folder, anchor } = await writeLog()
    writeFileSync(folder.path, '')
    expect((await folder.verify({ anchors: [anchor] })).problems).toMatchObject([
      { what: expect.stringContaining('is missing') },
    ])
  })

  it('copied chain of another log, written with another key', async () => {
    const { folder } = await writeLog()
    const other = await writeLog(['another key of another application'])
    copyFileSync(other.folder.path, folder.path)
    expect((await folder.verify()).problems[0]).toMatchObject(brokenAt(folder, 1))
  })

  it('copied lines of another log with the same key', async () => {
    const { folder, anchor } = await writeLog()
    const other = await writeLog()
    folder.rewrite((lines) => [...lines.slice(0, 5), ...other.folder.lines().slice(5)])
    const { problems } = await folder.verify()
    expect(problems[0]).toMatchObject({ ...brokenAt(folder, 6), what: 'it belongs to another log' })
    copyFileSync(other.folder.path, folder.path)
    expect((await folder.verify({ anchors: [anchor] })).problems).toMatchObject([
      { what: expect.stringContaining('is missing') },
    ])
  })

  it('a rotated file is deleted, edited or renamed', async () => {
    const { folder } = await writeLog([KEY], 900)
    const files = folder.files()
    expect(files.length).toBeGreaterThan(3)
    expect((await folder.verify()).ok).toBe(true)
    renameSync(files[1] ?? '', `${files[1]}.renamed`)
    expect((await folder.verify()).ok, 'the order is not taken from names').toBe(true)
    unlinkSync(`${files[1]}.renamed`)
    const { problems } = await folder.verify()
    expect(problems).toMatchObject([{ where: `${files[2]}:1`, what: expect.stringContaining('before it are missing') }])
  })

  it('a forged entry that says old lines were deleted', async () => {
    const { folder } = await writeLog()
    folder.rewrite((lines) => {
      const last = JSON.parse(lines.at(-1) ?? '{}') as { log: string; seq: number; hash: string }
      return [...lines.slice(4), toLine(createSeal(), last, Date.now(), { type: 'audit.deleted', before: 5 }).text]
    })
    expect((await folder.verify()).ok).toBe(false)
  })

  it('the fields around an entry of a logger are not protected, but the entry is', async () => {
    const lines: string[] = []
    const logger = {
      info: (fields: object, message: string) => lines.push(JSON.stringify({ level: 30, ...fields, message })),
    }
    const sessions = createSessions()
    const log = auditLog(sessions, { sink: loggerSink(logger), keys: [KEY] })
    await createClient(sessions).send((session) => session.login('ada'))
    await log.close()
    const check = (all: string[]) => verifyAuditLog(all, { keys: [KEY], field: 'audit' })
    expect(await check(lines)).toMatchObject({ ok: true, lines: 3 })
    expect((await check(lines.map((line) => line.replace('ada', 'eve')))).problems[0]).toMatchObject({
      where: 'line 2',
    })
    expect((await check([])).ok).toBe(true)
  })
})

describe('what a plain hash does not stop', () => {
  it('an edited line is found', async () => {
    const { folder } = await writeLog(null)
    folder.rewrite((lines) => lines.map((line) => line.replace('"grace"', '"eve!!"')))
    expect((await folder.verify({ keys: undefined as never })).problems[0]).toMatchObject(brokenAt(folder, 4))
  })

  it('rewriting the whole file is found only with an anchor; with a key it is always found', async () => {
    const { folder, anchor } = await writeLog(null)
    const rewrite = (entries: Record<string, unknown>[]): string[] => {
      let place = { log: String(entries[0]?.log), seq: 0, hash: '' }
      return entries.map(({ log: _, seq: __, prev, hash, at, ...fields }) => {
        const line = toLine(createSeal(), place, Date.parse(String(at)), { ...(fields as object), userId: 'eve' })
        place = line
        return line.text
      })
    }
    folder.rewrite(() => rewrite(folder.entries()))
    expect(await verifyAuditLog(folder.lines())).toMatchObject({ ok: true })
    expect(await verifyAuditLog(folder.lines(), { anchors: [anchor] })).toMatchObject({ ok: false })

    const keyed = await writeLog()
    keyed.folder.rewrite(() => rewrite(keyed.folder.entries()))
    expect((await keyed.folder.verify()).problems[0]).toMatchObject(brokenAt(keyed.folder, 1))
  })

  it('a check without the key says that there is one', async () => {
    const { folder } = await writeLog()
    const { ok, problems } = await verifyAuditLog(folder.lines())
    expect(ok).toBe(false)
    expect(problems[0]?.what).toContain('the log has a key that this check was not given')
  })
})

describe('log injection', () => {
  const HOSTILE = [
    'a\n{"log":"x","seq":1}',
    'b\r\nend',
    'c\u2028d\u2029e',
    '\u001b[2Jescape',
    '\u202egnp.exe',
    'nul\0',
    '","hash":"AAAA"}',
    'lone \ud800',
    'delete\u007f\u0085',
  ]

  it.each(HOSTILE.map((text) => [JSON.stringify(text), text] as const))(
    'a user id, a path and a host with %s stay inside one line of ASCII',
    async (_, text) => {
      const folder = newFolder()
      const sessions = createSessions()
      const log = auditLog(sessions, { sink: fileSink({ path: folder.path }), keys: [KEY], address: 'full' })
      await createClient(sessions).send((session) => session.login(text), {
        url: `/${text}`,
        headers: { host: text, origin: text, 'user-agent': text },
        peer: text,
      })
      await log.close()
      const file = readFileSync(folder.path, 'latin1')
      expect(file).toMatch(/^[\x20-\x7e\n]*$/)
      const [, login] = folder.entries()
      expect(folder.lines()).toHaveLength(3)
      expect(login).toMatchObject({ type: 'login', userId: text })
      expect((await folder.verify()).ok).toBe(true)
    },
  )
})
