import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Redis as Ioredis } from 'ioredis'
import { Redis as Iovalkey } from 'iovalkey'
import { generate } from 'selfsigned'
import { afterAll, describe, expect, test } from 'vitest'
import type { Link } from '../../src/stores/redis/link.ts'
import { openIoredis, openNodeRedis } from '../../src/stores/redis/open-url.ts'
import { startChild } from '../support/child.ts'
import { freePort, newFolder } from '../support/servers/program.ts'
import { startProxy } from '../support/servers/proxy.ts'
import { startRedis } from '../support/servers/redis.ts'
import { isLeftOut } from './redis-stores.ts'

const CHILD = fileURLToPath(new URL('./children/redis-url.ts', import.meta.url))
const DRIVERS = ['redis', 'ioredis', 'iovalkey']

/** An application in a folder of its own, where only these packages are installed. */
async function applicationWith(packages: readonly string[]): Promise<string> {
  const folder = await newFolder('redis-drivers')
  mkdirSync(join(folder, 'node_modules'))
  const { resolve } = createRequire(import.meta.url)
  for (const name of packages) {
    symlinkSync(dirname(resolve(`${name}/package.json`)), join(folder, 'node_modules', name))
  }
  const outfile = join(folder, 'application.mjs')
  await build({ entryPoints: [CHILD], outfile, bundle: true, platform: 'node', format: 'esm', external: DRIVERS })
  return outfile
}

describe.skipIf(isLeftOut)('a URL', async () => {
  if (isLeftOut) return
  const server = await startRedis()
  afterAll(() => server.stop())

  test.each(DRIVERS)(
    'works where only %s is installed',
    async (driver) => {
      const child = startChild(await applicationWith([driver]), [server.url])
      expect(await child.ended).toBe(0)
      expect(child.lines()).toEqual(['works'])
    },
    30_000,
  )

  test('says what to install where no driver is', async () => {
    const child = startChild(await applicationWith([]), [server.url])
    await child.ended
    expect(child.lines().join()).toMatch(/^ERR_OPTION .*redis, ioredis and iovalkey/)
  }, 30_000)

  test('rediss:// is TLS: a certificate that the machine trusts works, one that it does not is refused', async () => {
    const folder = await newFolder('redis-tls')
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    })
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    writeFileSync(keyFile, key)
    writeFileSync(certFile, cert)
    const port = await freePort()
    const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile]
    const secure = await startRedis(['--tls-port', String(port), '--tls-auth-clients', 'no', ...files])
    await Promise.all(
      DRIVERS.map(async (driver) => {
        const application = await applicationWith([driver])
        const trusting = startChild(
          application,
          [`rediss://127.0.0.1:${port}`],
          ['env', `NODE_EXTRA_CA_CERTS=${certFile}`],
        )
        await trusting.ended
        expect(trusting.lines(), driver).toEqual(['works'])
        const wary = startChild(application, [`rediss://127.0.0.1:${port}`])
        await wary.ended
        expect(wary.lines().join(), driver).toMatch(/^ERR_STORE/)
      }),
    )
    await secure.stop()
  }, 60_000)

  const opens: Readonly<Record<string, (url: string) => Promise<Link>>> = {
    redis: async (url) => openNodeRedis(url, await import('redis')),
    ioredis: (url) => openIoredis(url, Ioredis),
    iovalkey: (url) => openIoredis(url, Iovalkey),
  }

  test.concurrent.for(Object.entries(opens))(
    'through %s fails fast when the server is gone or silent, sends nothing twice, and comes back by itself',
    { timeout: 60_000 },
    async ([counter, open], { expect }) => {
      const proxy = await startProxy(server.port)
      const link = await open(`redis://127.0.0.1:${proxy.port}`)
      const count = (): Promise<unknown> => link.send(['incr', counter], counter)
      const isBack = (): Promise<void> =>
        expect.poll(() => link.send(['ping'], '').catch(() => null), { timeout: 20_000, interval: 20 }).toBe('PONG')
      expect(await count()).toBe(1)

      proxy.cutReplies()
      await expect(count()).rejects.toThrow()
      await isBack()
      expect(await server.ask('get', counter)).toBe('2')

      proxy.refuse()
      await expect(count()).rejects.toThrow()
      await expect(count()).rejects.toThrow()
      proxy.heal()
      await isBack()
      expect(await server.ask('get', counter)).toBe('2')

      proxy.stall()
      await expect(link.send(['get', counter], counter)).rejects.toThrow()
      proxy.heal()
      await isBack()
      await link.close()
      await proxy.stop()
    },
  )

  test.each(Object.entries(opens))(
    'through %s finds the new master when its address moved, and the old one is a replica',
    async (_, open) => {
      const [old, next] = [await startRedis(), await startRedis()]
      let target = old.port
      const relay = createServer((socket) => {
        const upstream = connect(target, '127.0.0.1')
        for (const end of [socket, upstream]) end.on('error', () => [socket.destroy(), upstream.destroy()])
        socket.pipe(upstream).pipe(socket)
      })
      await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
      const link = await open(`redis://127.0.0.1:${(relay.address() as AddressInfo).port}`)
      const set = (): Promise<unknown> => link.send(['set', 'k', '1'], 'k').catch((error: Error) => error.message)
      expect(await set()).toBe('OK')
      await old.ask('replicaof', '127.0.0.1', String(next.port))
      target = next.port
      expect(await set()).toMatch(/^READONLY/)
      await expect.poll(set, { timeout: 20_000 }).toBe('OK')
      await link.close()
      relay.close()
      await old.kill()
      await next.kill()
    },
    60_000,
  )
})
