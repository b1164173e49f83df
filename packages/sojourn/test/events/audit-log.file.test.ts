import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type AuditLog, auditLog } from 'sojourn/audit-log'
import { type FileSinkOptions, fileSink } from 'sojourn/audit-log/file'
import { afterAll, describe, expect, it } from 'vitest'
import { createWorld, DAY, HOUR, rejection, type World } from '../core/kit.ts'
import { buildChild, removeBuilt, startChild } from '../support/child.ts'
import { KEY, type LogFolder, logFolders } from './audit-kit.ts'

const newFolder = logFolders('audit-file')
afterAll(removeBuilt)

interface Logged {
  readonly world: World<Record<string, unknown>>
  readonly folder: LogFolder
  readonly log: AuditLog
  login(user: string): Promise<void>
}

function logTo(folder: LogFolder, options: Partial<FileSinkOptions> = {}, keep?: '2d'): Logged {
  const world = createWorld()
  const sink = fileSink({ path: folder.path, ...options })
  const log = auditLog(world.sessions, { sink, keys: [KEY], clock: world.clock, ...(keep !== undefined && { keep }) })
  return {
    world,
    folder,
    log,
    async login(user) {
      await world.client().send((session) => session.login(user))
      await log.flush()
    },
  }
}

const usersOf = (folder: LogFolder) =>
  folder.entries().flatMap(({ type, userId }) => (type === 'login' ? [userId] : []))

describe('old files', () => {
  /** A new file begins each day. */
  async function write(days: number, more: (it: Logged, day: number) => Promise<unknown> | unknown = () => undefined) {
    const it = logTo(newFolder(), {}, '2d')
    for (let day = 0; day < days; day++) {
      await it.login(`user${day}`)
      await more(it, day)
      it.world.clock.advance(DAY + 1)
    }
    await it.log.close()
    return usersOf(it.folder)
  }

  it('are deleted', async () => {
    expect(await write(8)).not.toContain('user3')
  })

  it('are deleted although the clock was a century ahead for a moment, and its lines are deleted too', async () => {
    const users = await write(9, async ({ world, login }, day) => {
      if (day !== 1) return
      world.clock.advance(36_500 * DAY)
      await login('ahead')
      world.clock.advance(-36_500 * DAY)
      await login('back')
    })
    expect(users).not.toContain('user0')
    expect(users).not.toContain('ahead')
    expect(users).not.toContain('user3')
    expect(users).toEqual(expect.arrayContaining(['user7', 'user8']))
  })

  it('are deleted although one of them is damaged', async () => {
    const users = await write(8, ({ folder }, day) => {
      const [, second] = folder.files()
      if (day === 2 && second !== undefined) writeFileSync(second, 'no line\n')
    })
    expect(users).not.toContain('user3')
  })

  it('are deleted although somebody had put a copy in the place of one, so that it has a number behind its name', async () => {
    const copies: string[] = []
    const users = await write(8, ({ folder }, day) => {
      if (day !== 0) return
      copies.push(`${folder.path}.${'1'.padStart(12, '0')}`)
      writeFileSync(copies[0] ?? '', readFileSync(folder.path))
    })
    expect(users).not.toContain('user0')
    expect(copies.filter((file) => existsSync(file))).toEqual([])
  })

  it('stay while a clock that is far behind writes lines', async () => {
    const users = await write(2, async ({ world, login }, day) => {
      if (day !== 1) return
      world.clock.advance(-3650 * DAY)
      await login('behind')
      world.clock.advance(3650 * DAY)
      await login('back')
    })
    expect(users).toEqual(['user0', 'user1', 'behind', 'back'])
  })
})

describe('a file', () => {
  it('is private, with its folder', async () => {
    const { folder, log } = logTo(newFolder())
    await log.setup()
    expect(statSync(folder.path).mode & 0o777).toBe(0o600)
    await log.close()
  })

  it('is continued by the next process, as one chain', async () => {
    const folder = newFolder()
    for (const user of ['ada', 'grace', 'alan']) {
      const it = logTo(folder)
      await it.login(user)
      await it.log.close()
    }
    expect(usersOf(folder)).toEqual(['ada', 'grace', 'alan'])
    expect(await folder.verify()).toMatchObject({ ok: true, lines: 9, logs: [{ first: 1, last: 9 }] })
  })

  it('is continued after another key became the first one', async () => {
    const folder = newFolder()
    const first = logTo(folder)
    await first.login('ada')
    await first.log.close()
    const world = createWorld()
    const keys = ['the newer key of the audit log in tests', KEY]
    const log = auditLog(world.sessions, { sink: fileSink({ path: folder.path }), keys })
    await log.record('x', {})
    await log.close()
    expect(await folder.verify({ keys })).toMatchObject({ ok: true, logs: [{ first: 1, last: 6 }] })
    expect((await folder.verify({ keys: keys.slice(0, 1) })).ok).toBe(false)
  })

  it('is not continued if no key fits: a new chain in a new file, and no file is overwritten', async () => {
    const folder = newFolder()
    const keys = [KEY, 'another key of the audit log, as long']
    for (const [index, key] of keys.entries()) {
      const sink = fileSink({ path: folder.path, rotateBytes: 700 })
      const log = auditLog(createWorld().sessions, { sink, keys: [key] })
      for (let i = 0; i < 6 + 6 * index; i++) await log.record('x', {})
      await log.close()
    }
    expect(await folder.verify({ keys })).toMatchObject({
      ok: true,
      lines: 22,
      logs: [
        { first: 1, last: 8 },
        { first: 9, last: 22 },
      ],
    })
  })
})

describe('a crash', () => {
  it.each([1, 40, 200])(
    'tears the last line %i characters before its end: the next process records that',
    async (cut) => {
      const folder = newFolder()
      const first = logTo(folder)
      await first.login('ada')
      await first.login('grace')
      const text = readFileSync(folder.path, 'utf8')
      writeFileSync(folder.path, text.slice(0, -1 - cut))

      const second = logTo(folder)
      await second.login('alan')
      await second.log.close()
      const report = await folder.verify()
      expect(report.problems).toEqual([])
      expect(report.notes).toEqual([
        `${folder.path}:3: a crash cut this line off, and the log recorded that. Its event is lost.`,
      ])
      expect(readFileSync(folder.path, 'utf8').startsWith(text.slice(0, -1 - cut)), 'nothing is deleted').toBe(true)
    },
  )

  it('only the line break is missing: the line counts', async () => {
    const folder = newFolder()
    const first = logTo(folder)
    await first.login('ada')
    writeFileSync(folder.path, readFileSync(folder.path, 'utf8').slice(0, -1))
    expect(await folder.verify()).toMatchObject({ ok: true, lines: 2, notes: [] })
    const second = logTo(folder)
    await second.login('alan')
    await second.log.close()
    expect(await folder.verify()).toMatchObject({ ok: true, notes: [] })
    expect(usersOf(folder)).toEqual(['ada', 'alan'])
  })

  it('a torn line is edited afterwards: that is found', async () => {
    const folder = newFolder()
    const first = logTo(folder)
    await first.login('ada')
    writeFileSync(folder.path, readFileSync(folder.path, 'utf8').slice(0, -50))
    const second = logTo(folder)
    await second.log.setup()
    await second.log.close()
    folder.rewrite((lines) => lines.map((line, i) => (i === 1 ? line.replace('ada', 'eve') : line)))
    expect((await folder.verify()).problems[0]).toMatchObject({ where: `${folder.path}:2` })
  })

  it('leaves lines that are not ours at the end: the chain continues behind its last good line, and the check names them', async () => {
    const folder = newFolder()
    const first = logTo(folder)
    await first.login('ada')
    await first.log.close()
    appendFileSync(folder.path, 'garbage\n')
    const second = logTo(folder)
    await second.login('grace')
    await second.log.close()
    const report = await folder.verify()
    expect(report.problems).toMatchObject([{ where: `${folder.path}:4`, what: 'it is not a line of an audit log' }])
    expect(report.logs).toHaveLength(1)
  })

  it('kill -9 of a process that writes all the time: whole but for one torn line, and the next process continues', async () => {
    const folder = newFolder()
    const file = await buildChild(new URL('./children/audit-writer.ts', import.meta.url))
    for (let round = 0; round < 3; round++) {
      const child = startChild(file, [folder.path, KEY])
      await child.said('stored 50')
      child.process.kill('SIGKILL')
      await child.ended
    }
    const report = await folder.verify()
    expect(report.problems).toEqual([])
    expect(report.logs).toHaveLength(1)
    const stored = folder.entries().filter(({ type }) => type === 'login').length
    expect(stored, 'what was acknowledged is there').toBeGreaterThanOrEqual(150)
  })
})

describe('rotation', () => {
  it('begins a file when one is full; the chain goes on', async () => {
    const { folder, log, login } = logTo(newFolder(), { rotateBytes: 1000 })
    for (let i = 0; i < 8; i++) await login(`user${i}`)
    await log.close()
    expect(folder.files().length).toBeGreaterThan(3)
    for (const file of folder.files()) expect(statSync(file).size).toBeLessThanOrEqual(1000)
    expect(await folder.verify()).toMatchObject({ ok: true, logs: [{ first: 1 }] })
    expect(await folder.verify({}), 'in whatever order the files are passed').toMatchObject({ ok: true })
  })

  it('begins a file when one is old', async () => {
    const { folder, log, login, world } = logTo(newFolder(), { rotateAfter: '6h' })
    await login('ada')
    world.clock.advance(6 * HOUR)
    await login('grace')
    await log.close()
    expect(folder.files()).toHaveLength(2)
    expect((await folder.verify()).ok).toBe(true)
  })

  it('is continued by the next process, also if the last one died between two files', async () => {
    const folder = newFolder()
    const first = logTo(folder, { rotateBytes: 1000 })
    for (let i = 0; i < 4; i++) await first.login(`user${i}`)
    await first.log.close()
    renameSync(folder.path, `${folder.path}.000000000999`)
    const second = logTo(folder, { rotateBytes: 1000 })
    await second.login('late')
    await second.log.close()
    expect(await folder.verify()).toMatchObject({ ok: true, logs: [{ first: 1 }] })
  })

  it('is continued by the next process, also if the last one died within the first line of a file', async () => {
    const folder = newFolder()
    const first = logTo(folder, { rotateBytes: 1000 })
    for (let i = 0; i < 4; i++) await first.login(`user${i}`)
    await first.log.close()
    renameSync(folder.path, `${folder.path}.000000000999`)
    writeFileSync(folder.path, '{"log":"abc')
    const second = logTo(folder, { rotateBytes: 1000 })
    await second.login('late')
    await second.log.close()
    expect(await folder.verify()).toMatchObject({ ok: true, logs: [{ first: 1 }], notes: [expect.any(String)] })
  })

  it('overwrites no file, for example an old copy of the log', async () => {
    const { folder, log, login } = logTo(newFolder(), { rotateBytes: 1000 })
    await login('ada')
    const copy = `${folder.path}.000000000001`
    writeFileSync(copy, 'a copy\n')
    for (let i = 0; i < 4; i++) await login(`user${i}`)
    await log.close()
    expect(readFileSync(copy, 'utf8')).toBe('a copy\n')
    unlinkSync(copy)
    expect(await folder.verify()).toMatchObject({ ok: true, logs: [{ first: 1, isClosed: true }] })
  })
})

describe('retention', () => {
  it('deletes whole files that are too old, and the rest stays verifiable', async () => {
    const { folder, log, login, world } = logTo(newFolder(), { rotateAfter: '1d' }, '2d')
    for (let day = 0; day < 6; day++) {
      await login(`user${day}`)
      world.clock.advance(DAY)
    }
    await log.close()
    const report = await folder.verify()
    expect(report.problems).toEqual([])
    expect(report.logs[0]?.first).toBeGreaterThan(1)
    expect(usersOf(folder)).not.toContain('user0')
    expect(usersOf(folder)).toContain('user5')
    expect(usersOf(folder)).toContain('user4')
  })

  it('deletes files whose first line is as long as a line can be', async () => {
    const { folder, log, world } = logTo(newFolder(), { rotateAfter: '1d' }, '2d')
    const longest = Array.from({ length: 50 }, () => 'ab '.repeat(333))
    for (let day = 0; day < 6; day++) {
      await log.record('import', { longest, rest: longest.slice(0, 15), more: 'ab '.repeat(80) })
      world.clock.advance(DAY)
    }
    await log.close()
    expect(Math.max(...folder.lines().map((line) => line.length))).toBeGreaterThan(65_536)
    const report = await folder.verify()
    expect(report.problems).toEqual([])
    expect(report.logs[0]?.first).toBeGreaterThan(1)
  })

  it('somebody deletes one file more than the log says', async () => {
    const { folder, log, login, world } = logTo(newFolder(), { rotateAfter: '1d' }, '2d')
    for (let day = 0; day < 6; day++) {
      await login(`user${day}`)
      world.clock.advance(DAY)
    }
    await log.close()
    unlinkSync(folder.files()[0] ?? '')
    const { problems } = await folder.verify()
    expect(problems[0]?.what).toContain('no line says that they were deleted')
  })
})

describe('another program meddles', () => {
  it('moves the file away: a fault, and the next line is in a new file', async () => {
    const { folder, login, world } = logTo(newFolder())
    await login('ada')
    renameSync(folder.path, `${folder.path}.1`)
    await login('grace')
    expect(usersOf(folder)).toEqual(['ada', 'grace'])
    expect(world.eventsOf('fault')).toMatchObject([{ error: { code: 'ERR_EVENTS' } }])
    expect((await folder.verify()).problems).toEqual([])
  })

  it('cuts the file while the process runs: a fault, and the gap is found', async () => {
    const { folder, log, login, world } = logTo(newFolder())
    await login('ada')
    await login('grace')
    folder.rewrite((lines) => lines.slice(0, 2))
    await login('alan')
    await log.close()
    expect(world.eventsOf('fault')).toHaveLength(1)
    expect((await folder.verify()).problems).toMatchObject([
      { where: `${folder.path}:3`, what: '1 lines before it are missing' },
    ])
  })

  it('a second process writes to the same file: a fault, and the check finds it', async () => {
    const folder = newFolder()
    const one = logTo(folder)
    await one.login('ada')
    const two = logTo(folder)
    await two.login('grace')
    await one.login('alan')
    expect(one.world.eventsOf('fault')).toMatchObject([
      { error: { cause: { message: expect.stringContaining('Each process needs a file of its own') } } },
    ])
    await one.log.close()
    expect((await folder.verify()).ok).toBe(false)
  })
})

describe('a folder that cannot be written', () => {
  it('is an error of setup', async () => {
    const folder = newFolder()
    const it = logTo({ ...folder, path: `${folder.path}/file/inside` })
    writeFileSync(folder.path, 'a file where a folder should be')
    expect(await rejection(it.log.setup())).toMatchObject({ code: 'ERR_EVENTS', cause: { code: expect.any(String) } })
    chmodSync(dirname(folder.path), 0o700)
  })

  it('a pipe in place of the file is an error of setup, because what was written could not be read again', async () => {
    const folder = newFolder()
    execFileSync('mkfifo', [folder.path])
    const { log } = logTo(folder)
    expect(await rejection(log.setup())).toMatchObject({
      code: 'ERR_EVENTS',
      cause: { message: expect.stringContaining('is no regular file') },
    })
  })

  it.each<[string, unknown]>([
    ['no path', {}],
    ['an empty path', { path: '' }],
    ['a wrong time', { path: 'x', rotateAfter: 'often' }],
  ])('%s is ERR_OPTION', (_, options) => {
    expect(() => fileSink(options as FileSinkOptions)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})
