import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { directusPath } from '../../../../tools/directus.mjs'
import { programOf } from '../../../sojourn/test/support/runtime.ts'
import { startPostgres } from '../../../sojourn/test/support/servers/postgres.ts'
import { freePort, launch, newFolder } from '../../../sojourn/test/support/servers/program.ts'
import type { RunningApp } from './django.ts'

interface User {
  readonly name: string
  readonly password: string
}

/** Directus with its defaults, and two administrators. It needs a newer Node than the audit does. */
export async function startDirectus(user: User, second: User): Promise<RunningApp> {
  const node = programOf('node')
  const folder = await newFolder('directus')
  const database = await startPostgres()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: `${port}`,
    PUBLIC_URL: url,
    SECRET: randomBytes(32).toString('hex'),
    DB_CLIENT: 'pg',
    DB_CONNECTION_STRING: database.url,
    ADMIN_EMAIL: user.name,
    ADMIN_PASSWORD: user.password,
    // Its pages are another package, which logs in by these same requests.
    SERVE_APP: 'false',
    EXTENSIONS_PATH: join(folder, 'extensions'),
    STORAGE_LOCAL_ROOT: join(folder, 'uploads'),
    // Nothing leaves this machine.
    TELEMETRY: 'false',
    EMAIL_VERIFY_SETUP: 'false',
    EMAIL_TRANSPORT: 'smtp',
    EMAIL_SMTP_HOST: '127.0.0.1',
    EMAIL_SMTP_PORT: `${await freePort()}`,
  }
  await promisify(execFile)(node, [directusPath(), 'bootstrap'], { env: { ...process.env, ...env }, cwd: folder })
  const isReady = async () => (await fetch(`${url}/server/ping`)).ok
  const running = await launch(node, { args: [directusPath(), 'start'], env, isReady, timeoutMs: 120_000 })
  const stop = async () => {
    await running.stop()
    await database.stop()
  }
  await addUser(url, user, second)
  return { url, running: { ...running, stop } }
}

/** A user with the same role. */
async function addUser(url: string, admin: User, { name: email, password }: User): Promise<void> {
  const ask = async (path: string, headers: object, body?: object): Promise<Record<string, string>> => {
    const answer = await fetch(`${url}${path}`, {
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
    return ((await answer.json()) as { data: Record<string, string> }).data
  }
  const { access_token } = await ask('/auth/login', {}, { email: admin.name, password: admin.password, mode: 'json' })
  const headers = { authorization: `Bearer ${access_token}` }
  const { role } = await ask('/users/me?fields=role', headers)
  await ask('/users', headers, { email, password, role })
}
