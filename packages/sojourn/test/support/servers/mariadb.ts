import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, launch, newFolder, programPath, type Running } from './program.ts'

export interface MariadbServer extends Running {
  readonly port: number
  /** The URL of `root` for the database `sojourn`. */
  readonly url: string
  /** Starts it again on the same port and data. */
  restart(): Promise<void>
}

/** A separate MariaDB without protection against power failures. */
export async function startMariadb(settings: readonly string[] = []): Promise<MariadbServer> {
  const folder = await newFolder('mariadb')
  const data = join(folder, 'data')
  await mkdir(data)
  const account = process.getuid?.() === 0 ? ['--user=root'] : []
  const install = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db']
  await promisify(execFile)(programPath('mariadb-install-db'), [...install, ...account], { cwd: folder })
  await mkdir(join(data, 'sojourn'))

  const port = await freePort()
  const args = [
    '--no-defaults',
    `--datadir=${data}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 's')}`,
    `--pid-file=${join(folder, 'pid')}`,
    '--innodb-flush-log-at-trx-commit=0',
    '--skip-log-bin',
    '--skip-name-resolve',
    ...account,
    ...settings,
  ]
  const start = (): Promise<Running> => launch(programPath('mariadbd'), { args, isReady: () => isReady(port) })
  let running = await start()

  return {
    port,
    url: `mysql://root@127.0.0.1:${port}/sojourn`,
    get process() {
      return running.process
    },
    kill: () => running.kill(),
    pause: () => running.pause(),
    resume: () => running.resume(),
    stop: () => running.stop(),
    async restart() {
      running = await start()
    },
  }
}

async function isReady(port: number): Promise<boolean> {
  const { createConnection } = await import('mysql2/promise')
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' })
  await connection.end()
  return true
}
