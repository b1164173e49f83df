import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chown, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { accepts, freePort, launch, newFolder, programPath, type Running } from './program.ts'

export interface PostgresServer extends Running {
  readonly port: number
  /** The URL of its superuser. */
  readonly url: string
  /** Starts it again on the same port and data. */
  restart(): Promise<void>
}

/** A separate PostgreSQL without protection against power failures. */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const folder = await newFolder('postgres')
  const account = await unprivileged()
  if (account !== null) await chown(folder, account.uid, account.gid)
  const data = join(folder, 'data')
  const run = promisify(execFile)
  const init = ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync']
  await run(programPath('initdb'), init, { cwd: folder, ...account })

  const port = await freePort()
  const options = ['fsync=off', 'max_connections=200', 'shared_buffers=32MB', 'autovacuum=off', ...settings]
  const args = [
    '-D',
    data,
    '-p',
    `${port}`,
    '-h',
    '127.0.0.1',
    '-k',
    folder,
    ...options.flatMap((each) => ['-c', each]),
  ]
  const start = (): Promise<Running> =>
    launch(programPath('postgres'), { args, ...account, isReady: () => isReady(port) })
  let running = await start()

  return {
    port,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    get process() {
      return running.process
    },
    kill: () => running.kill(),
    // Its connections are processes of their own.
    pause: () => signalAll(running, 'SIGSTOP'),
    resume: () => signalAll(running, 'SIGCONT'),
    stop: async () => {
      // SIGTERM waits for clients to leave; SIGINT does not.
      running.process.kill('SIGINT')
      await running.stop()
    },
    async restart() {
      running = await start()
    },
  }
}

function signalAll({ process: { pid = 0 } }: Running, signal: NodeJS.Signals): void {
  process.kill(pid, signal)
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  for (const child of children) process.kill(Number(child), signal)
}

/** It accepts connections before it can answer them. */
async function isReady(port: number): Promise<boolean> {
  if (!(await accepts(port))) return false
  const { default: pg } = await import('pg')
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
  client.on('error', () => undefined)
  await client.connect()
  await client.end()
  return true
}

/** PostgreSQL refuses to run as root. */
async function unprivileged(): Promise<{ uid: number; gid: number } | null> {
  if (process.getuid?.() !== 0) return null
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const found = ['postgres', 'nobody'].map((name) => accounts.find(([first]) => first === name)).find(Boolean)
  if (found === undefined) throw new Error('as root, PostgreSQL needs the account postgres or nobody')
  return { uid: Number(found[2]), gid: Number(found[3]) }
}
