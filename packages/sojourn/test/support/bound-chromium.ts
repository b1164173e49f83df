import { createHash, X509Certificate } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type BrowserContext, chromium } from 'playwright-core'
import { generate } from 'selfsigned'

/** An HTTPS server on this machine, for every host under `.example`. */
export interface SecureSite {
  readonly port: number
  readonly spki: string
  url(host: string, path: string): string
  /** Serves with another application from now on, as after a deployment. `null`: no connection is accepted. */
  use(listener: RequestListener | null): void
  close(): Promise<void>
}

export async function startSecureSite(): Promise<SecureSite> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'shop.example' }], {
    keyType: 'ec',
    algorithm: 'sha256',
  })
  let current: RequestListener | null = null
  const server = createServer({ key, cert }, (request, response) => {
    if (current === null) request.socket.destroy()
    else current(request, response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  return {
    port,
    spki: createHash('sha256').update(spki).digest('base64'),
    url: (host, path) => `https://${host}:${port}${path}`,
    use(listener) {
      current = listener
      server.closeAllConnections()
    },
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/**
 * Chromium that binds sessions, with keys in software. It does so only with a certificate that it trusts, so the certificate
 * errors of `site` are ignored by its key (`ignoreHTTPSErrors` is not enough). `profile`: a folder that outlives the browser.
 */
export function launchBound(site: SecureSite, profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    headless: true,
    chromiumSandbox: false,
    args: [
      '--enable-features=DeviceBoundSessions:RefreshQuota/false,EnableBoundSessionCredentialsSoftwareKeysForManualTesting',
      `--ignore-certificate-errors-spki-list=${site.spki}`,
      '--host-resolver-rules=MAP *.example 127.0.0.1',
    ],
  })
}
