import { spawn } from 'node:child_process'
import { createReadStream, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { createSessions } from 'sojourn'
import { auditLog, loggerSink } from 'sojourn/audit-log'
import { fileSink } from 'sojourn/audit-log/file'
import { afterAll, describe, expect, it } from 'vitest'
import { createClient } from '../core/kit.ts'
import { buildChild, removeBuilt } from '../support/child.ts'
import { KEY, type LogFolder, logFolders } from './audit-kit.ts'

const newFolder = logFolders('audit-command')
const bin = await buildChild(new URL('../../src/command/bin.ts', import.meta.url))
afterAll(removeBuilt)

async function run(
  args: readonly string[],
  input?: string,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  if (input === undefined) child.stdin.end()
  else createReadStream(input).pipe(child.stdin)
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await ended, out, err }
}

async function writeLog(): Promise<{ folder: LogFolder; anchor: string; keys: string }> {
  const folder = newFolder()
  const sessions = createSessions()
  const log = auditLog(sessions, { sink: fileSink({ path: folder.path, rotateBytes: 1000 }), keys: [KEY] })
  for (const user of ['ada', 'grace', 'alan']) {
    await createClient(sessions).send((session) => session.login(user))
    await log.flush()
  }
  await log.close()
  const keys = newFolder().path
  writeFileSync(keys, `an older key that is not in use any more\n${KEY}\n`)
  return { folder, anchor: log.anchor() ?? '', keys }
}

describe('sojourn verify-audit-log', () => {
  it('exits with 0 for a whole log over several files, in any order, and prints the anchor', async () => {
    const { folder, anchor, keys } = await writeLog()
    const files = folder.files()
    expect(files.length).toBeGreaterThan(1)
    const { code, out, err } = await run(['verify-audit-log', '--keys', keys, '--anchor', anchor, ...files.reverse()])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toBe(`lines 1 to 5, closed, anchor ${anchor}\nok: 5 lines are whole\n`)
  })

  it('exits with 1, and prints the first broken line, but not what is in it', async () => {
    const { folder, keys } = await writeLog()
    const [first = ''] = folder.files()
    const edited = folder.lines().map((line) => line.replace('grace', 'eve'))
    writeFileSync(first, `${edited.slice(0, 2).join('\n')}\n`)
    folder.rewrite(() => edited.slice(2))
    const { code, out, err } = await run(['verify-audit-log', '--keys', keys, first, folder.path])
    expect(code).toBe(1)
    expect(err.split('\n')[0]).toMatch(/^broken: .*sessions\.log:1: its hash does not fit/)
    expect(out + err).not.toContain('eve')
  })

  it('reads standard input, such as lines that a database printed or that a logger wrote', async () => {
    const { folder, keys } = await writeLog()
    const all = newFolder().path
    writeFileSync(all, `${folder.lines().slice(0, 5).join('\n')}\n`)
    expect((await run(['verify-audit-log', '--keys', keys, '-'], all)).code).toBe(0)

    const lines: string[] = []
    const sessions = createSessions()
    const sink = loggerSink({ info: (fields, message) => lines.push(JSON.stringify({ ...fields, message })) })
    const log = auditLog(sessions, { sink, keys: [KEY] })
    await log.record('x', { name: 'Zoë' })
    await log.close()
    writeFileSync(all, `${lines.join('\n')}\n`)
    expect((await run(['verify-audit-log', '--keys', keys, '--field', 'audit', '-'], all)).code).toBe(0)
    expect((await run(['verify-audit-log', '--keys', keys, '-'], all)).code).toBe(1)
  })

  it('explains itself with --help', async () => {
    expect(await run(['verify-audit-log', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('--anchor'),
    })
  })

  it('exits with 2 if there is no entry: an empty file, or the wrong field of a logger', async () => {
    const file = newFolder().path
    writeFileSync(file, '')
    expect(await run(['verify-audit-log', file])).toMatchObject({ code: 2 })
    writeFileSync(file, '{"level":30,"p":{"audit":{}}}\n')
    const { code, err } = await run(['verify-audit-log', '--field', 'audit', file])
    expect([code, err]).toEqual([2, expect.stringContaining('--field')])
  })

  it.each([
    ['no file', ['verify-audit-log']],
    ['a file that is not there', ['verify-audit-log', '/nowhere/at/all']],
    ['an unknown option', ['verify-audit-log', '--fast', 'x']],
    ['a wrong anchor', ['verify-audit-log', '--anchor', 'yesterday', 'x']],
    ['an unknown command', ['frobnicate']],
    ['a name of Object', ['constructor']],
    ['nothing', []],
  ])('exits with 2 for %s', async (_, args) => {
    const { code, err } = await run(args)
    expect(code).toBe(2)
    expect(err).not.toBe('')
    expect(err).not.toContain('    at ')
  })
})
