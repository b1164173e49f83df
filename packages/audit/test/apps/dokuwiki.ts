import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { accepts, freePort, launch, newFolder, programPath } from '../../../sojourn/test/support/servers/program.ts'
import type { RunningApp } from './django.ts'

const FOLDERS = [
  'attic',
  'cache',
  'index',
  'locks',
  'log',
  'media',
  'media_attic',
  'media_meta',
  'meta',
  'pages',
  'tmp',
]

/** Debian's DokuWiki, with pages, users and settings in a separate folder. */
export async function startDokuWiki(user: { readonly name: string; readonly password: string }): Promise<RunningApp> {
  const php = programPath('php')
  const folder = await newFolder('dokuwiki')
  const conf = join(folder, 'conf')
  const sessions = join(folder, 'sessions')
  for (const name of ['conf', 'sessions', ...FOLDERS.map((name) => join('data', name))])
    await mkdir(join(folder, name), { recursive: true })
  const hash = execFileSync(php, ['-r', 'echo password_hash($argv[1], PASSWORD_BCRYPT, ["cost" => 4]);', user.password])
  await writeFile(
    join(conf, 'local.php'),
    `<?php\n$conf['title'] = 'Wiki';\n$conf['useacl'] = 1;\n$conf['savedir'] = '${join(folder, 'data')}';\n`,
  )
  await writeFile(join(conf, 'users.auth.php'), `${user.name}:${hash}:Alice:alice@example.com:user\n`)
  await writeFile(join(conf, 'acl.auth.php'), '*\t@ALL\t1\n*\t@user\t8\n')
  await writeFile(join(folder, 'begin.php'), `<?php\ndefine('DOKU_CONF', '${conf}/');\n`)
  const port = await freePort()
  const running = await launch(php, {
    args: [
      ...['-d', `auto_prepend_file=${join(folder, 'begin.php')}`],
      ...['-d', `session.save_path=${sessions}`],
      ...['-S', `127.0.0.1:${port}`, '-t', '/usr/share/dokuwiki'],
    ],
    isReady: () => accepts(port),
  })
  return { url: `http://127.0.0.1:${port}`, running }
}
