import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { accepts, freePort, launch, newFolder, type Running } from '../../../sojourn/test/support/servers/program.ts'

/** Debian's own: another Python in the path does not have its packages. */
const PYTHON = '/usr/bin/python3'

export interface RunningApp {
  readonly url: string
  readonly running: Running
}

/** Django's admin with sessions in the database, or in a signed cookie. */
export async function startDjango(
  sessions: 'db' | 'signed_cookies',
  user: { readonly name: string; readonly password: string },
): Promise<RunningApp> {
  const folder = await newFolder('django')
  const env = {
    PYTHONPATH: fileURLToPath(new URL('django/', import.meta.url)),
    PYTHONDONTWRITEBYTECODE: '1',
    DJANGO_SETTINGS_MODULE: 'admin_settings',
    ADMIN_SECRET_KEY: randomBytes(32).toString('hex'),
    ADMIN_SESSIONS: sessions,
    ADMIN_DATABASE: join(folder, 'admin.sqlite3'),
    DJANGO_SUPERUSER_PASSWORD: user.password,
  }
  const manage = (...args: string[]) =>
    execFileSync(PYTHON, ['-m', 'django', ...args], { env: { ...process.env, ...env }, stdio: 'pipe' })
  manage('migrate', '--verbosity', '0')
  manage('createsuperuser', '--noinput', '--username', user.name, '--email', 'alice@example.com')
  const port = await freePort()
  const running = await launch(PYTHON, {
    args: ['-m', 'django', 'runserver', '--noreload', `127.0.0.1:${port}`],
    env,
    isReady: () => accepts(port),
  })
  return { url: `http://127.0.0.1:${port}`, running }
}
