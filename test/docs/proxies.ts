import { freePort, type Running } from '../../packages/sojourn/test/support/servers/program.ts'
import { launchProxy, type ProxyName } from '../../packages/sojourn/test/support/servers/web-proxies.ts'

export interface RunningProxy extends Running {
  readonly http: number
  readonly https: number
}

/** Starts the real proxy with a file of the documents. Only what belongs to this machine is replaced: ports and paths. */
export async function startProxy(name: ProxyName, file: string, backends: readonly number[]): Promise<RunningProxy> {
  const [http, https] = [await freePort(), await freePort()]
  const running = await launchProxy(name, https, (folder) => {
    const local = file
      .replaceAll('/etc/ssl/shop', folder)
      .replaceAll('127.0.0.1:3000', `127.0.0.1:${backends[0]}`)
      .replaceAll('127.0.0.1:3001', `127.0.0.1:${backends[1]}`)
    return HERE[name](local, { folder, http, https })
  })
  return { ...running, http, https }
}

interface Place {
  readonly folder: string
  readonly http: number
  readonly https: number
}

type Localized = { readonly text: string; readonly args: readonly string[] }

const HERE: Readonly<Record<ProxyName, (file: string, place: Place) => Localized>> = {
  nginx: (file, { folder, http, https }) => ({
    args: ['-p', folder, '-g', 'daemon off;', '-c'],
    text: `pid ${folder}/pid; error_log ${folder}/log; events {} http { access_log off;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${folder}/${each};`).join(' ')}
      ${file.replace('listen 80;', `listen 127.0.0.1:${http};`).replace('listen 443', `listen 127.0.0.1:${https}`)}
    }`,
  }),
  haproxy: (file, { http, https }) => ({
    args: ['-db', '-f'],
    text: `${file.replace('bind :80', `bind 127.0.0.1:${http}`).replace('bind :443', `bind 127.0.0.1:${https}`)}\n`,
  }),
  caddy: (file, { folder, http, https }) => ({
    args: ['run', '--adapter', 'caddyfile', '--config'],
    text: `{
      admin off
      skip_install_trust
      default_bind 127.0.0.1
      http_port ${http}
      https_port ${https}
    }
    ${file.replace('shop.example {', `shop.example {\n  tls ${folder}/cert.pem ${folder}/key.pem`)}\n`,
  }),
}
