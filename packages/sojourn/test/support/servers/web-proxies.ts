import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { snippetsOf } from '../../../../../test/docs/snippets.ts'
import { accepts, freePort, launch, newFolder, programPath, type Running } from './program.ts'

export const PROXIES = ['nginx', 'haproxy', 'caddy'] as const
export type ProxyName = (typeof PROXIES)[number]
const LANGUAGES: Readonly<Record<ProxyName, string>> = { nginx: 'nginx', haproxy: 'haproxy', caddy: 'caddyfile' }

export const HOST = 'shop.example'
const PAGE = 'docs/how-to/run-behind-a-proxy.md'

export interface WebProxy extends Running {
  /** Where it takes HTTPS, on 127.0.0.1. */
  readonly port: number
}

/** The lines of the page for the proxy's configuration. */
export function settingsOf(proxy: ProxyName): string {
  const snippet = snippetsOf(PAGE).find(({ language }) => language === LANGUAGES[proxy])
  if (snippet === undefined) throw new Error(`${PAGE} shows nothing for ${proxy}.`)
  return snippet.code
}

/** A real proxy that ends TLS for `shop.example` in front of a server of this process. */
export async function startWebProxy(
  proxy: ProxyName,
  backendPort: number,
  settings: string = settingsOf(proxy),
  backendScheme: 'http' | 'https' = 'http',
): Promise<WebProxy> {
  const port = await freePort()
  const running = await launchProxy(proxy, port, (folder) =>
    CONFIGURATIONS[proxy]({ folder, port, backendPort, backendScheme, settings }),
  )
  return { ...running, port }
}

/**
 * Starts a real proxy that accepts HTTPS on this port. Its folder has a certificate for `shop.example` in `cert.pem`, `key.pem` and
 * `both.pem`, and its configuration in `proxy.conf`.
 */
export async function launchProxy(
  proxy: ProxyName,
  port: number,
  configure: (folder: string) => Configuration,
): Promise<Running> {
  const folder = await newFolder(proxy)
  const { private: key, cert } = await generate([{ name: 'commonName', value: HOST }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: HOST }] }],
  })
  writeFileSync(join(folder, 'cert.pem'), cert)
  writeFileSync(join(folder, 'key.pem'), key)
  writeFileSync(join(folder, 'both.pem'), `${cert}\n${key}\n`)
  const { text, args } = configure(folder)
  const path = join(folder, 'proxy.conf')
  writeFileSync(path, text)
  return launch(programPath(proxy), {
    args: [...args, path],
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    isReady: () => accepts(port),
  })
}

interface Place {
  readonly folder: string
  readonly port: number
  readonly backendPort: number
  /** nginx alone is also tried before another proxy. */
  readonly backendScheme: 'http' | 'https'
  readonly settings: string
}

interface Configuration {
  readonly text: string
  /** All but the last, which is the file's path. */
  readonly args: readonly string[]
}

const CONFIGURATIONS: Readonly<Record<ProxyName, (place: Place) => Configuration>> = {
  nginx: ({ folder, port, backendPort, backendScheme, settings }) => ({
    args: ['-p', folder, '-g', 'daemon off;', '-c'],
    text: `
      pid ${folder}/pid;
      error_log ${folder}/log;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${folder}/${each};`).join('\n')}
        server {
          listen 127.0.0.1:${port} ssl;
          ssl_certificate ${folder}/cert.pem;
          ssl_certificate_key ${folder}/key.pem;
          location / {
            proxy_pass ${backendScheme}://127.0.0.1:${backendPort};
            ${settings}
          }
        }
      }`,
  }),
  haproxy: ({ folder, port, backendPort, settings }) => ({
    args: ['-db', '-f'],
    text: `
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend https
  bind 127.0.0.1:${port} ssl crt ${folder}/both.pem
  ${settings.replaceAll('\n', '\n  ')}
  default_backend application
backend application
  server one 127.0.0.1:${backendPort}
`,
  }),
  caddy: ({ folder, port, backendPort, settings }) => ({
    args: ['run', '--adapter', 'caddyfile', '--config'],
    text: `
{
  admin off
  auto_https disable_redirects
}
https://${HOST}:${port} {
  bind 127.0.0.1
  tls ${folder}/cert.pem ${folder}/key.pem
  ${settings.replace(':3000', `:${backendPort}`)}
}
`,
  }),
}
