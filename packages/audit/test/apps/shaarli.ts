import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { accepts, freePort, launch, newFolder, programPath } from '../../../sojourn/test/support/servers/program.ts'
import type { RunningApp } from './django.ts'

const INSTALLED = '/usr/share/shaarli'
/** Where Debian wrote its folders into the program. */
const NAMES_FOLDERS = ['index.php', 'init.php', 'application/config/ConfigManager.php']

/** Shaarli as Debian has it, copied: it knows its folders by name alone. */
export async function startShaarli(user: { readonly name: string; readonly password: string }): Promise<RunningApp> {
  const folder = await newFolder('shaarli')
  const app = join(folder, 'app')
  await cp(INSTALLED, app, { recursive: true, verbatimSymlinks: true })
  for (const name of ['data', 'cache/tmp', 'sessions']) await mkdir(join(folder, name), { recursive: true })
  for (const name of NAMES_FOLDERS) {
    const text = await readFile(join(app, name), 'utf8')
    const moved = text
      .replaceAll(INSTALLED, app)
      .replaceAll('/var/lib/shaarli', folder)
      .replaceAll('/var/cache/shaarli', join(folder, 'cache'))
    await writeFile(join(app, name), moved)
  }
  const port = await freePort()
  const running = await launch(programPath('php'), {
    args: [
      ...['-d', `session.save_path=${join(folder, 'sessions')}`],
      ...['-d', 'display_errors=0'],
      ...['-S', `127.0.0.1:${port}`, '-t', app],
    ],
    isReady: () => accepts(port),
  })
  const url = `http://127.0.0.1:${port}`
  const form = { setlogin: user.name, setpassword: user.password, continent: 'UTC', city: 'UTC', title: 'Links' }
  const { status } = await fetch(`${url}/install`, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  })
  if (status !== 302) throw new Error(`Shaarli answered its installation with ${status}`)
  return { url, running }
}
