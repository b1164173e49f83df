import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { addToCart, cartOf, heading, launchBrowser, launchProfile, signIn, startShop, temporaryFolder } from './shop.ts'

const SERVER = fileURLToPath(new URL('../dist/server.js', import.meta.url))

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Running {
  readonly url: string
  readonly output: string
  kill(signal: NodeJS.Signals): Promise<void>
}

/** The shop as `npm start` runs it: its own process, its own files. */
async function runShop(env: Record<string, string>): Promise<Running> {
  if (!existsSync(SERVER)) throw new Error('The shop is not built: run `npm run build` first.')
  const child: ChildProcess = spawn(process.execPath, [SERVER], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanups.push(() => child.kill('SIGKILL'))
  let output = ''
  const url = await new Promise<string>((found, gone) => {
    child.once('exit', () => gone(new Error(`The shop ended before it was open. ${output}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const address = /http:\/\/localhost:\d+/.exec(output)?.[0]
      if (address !== undefined && output.includes('Ctrl+C')) found(address)
    })
  })
  return {
    url,
    output,
    async kill(signal) {
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
    },
  }
}

function folder(): string {
  const made = temporaryFolder()
  cleanups.push(() => made.remove())
  return made.path
}

test('killed with kill -9 and started again, the shop has lost nothing', async () => {
  const data = folder()
  const first = await runShop({ SHOP_DATA: data, PORT: '0' })
  expect(first.output).toContain('lantern-in-the-window')
  const chrome = await launchBrowser()
  cleanups.push(() => chrome.close())
  const page = await (await chrome.newContext()).newPage()

  await signIn(page, first.url, 'alice')
  await addToCart(page, first.url, 'enamel-cup')
  await page.goto(`${first.url}/checkout`)
  await page.getByRole('button', { name: 'Place the order' }).click()
  expect(await heading(page)).toBe('Bon voyage')
  await addToCart(page, first.url, 'linen-map')
  await first.kill('SIGKILL')

  const second = await runShop({ SHOP_DATA: data, PORT: new URL(first.url).port })
  await page.goto(`${second.url}/account`)
  expect(await heading(page)).toBe('Hello, Alice')
  expect(await page.locator('.device').count()).toBe(1)
  expect(await page.locator('.orders li').count()).toBe(1)
  expect(await cartOf(page, second.url)).toEqual(['1 of Linen Map'])
  await second.kill('SIGTERM')
})

test('if the port is taken, the shop opens on another one and prints it', async () => {
  const blocker = createServer().listen(3000, '127.0.0.1')
  // Whether this test or somebody else holds the port, it is taken.
  await new Promise((resolve) => blocker.once('listening', resolve).once('error', resolve))
  cleanups.push(() => blocker.close())
  const { PORT: _, ...env } = process.env
  const shop = await runShop({ ...(env as Record<string, string>), SHOP_DATA: folder() })
  expect(shop.output).toContain('Port 3000 is taken')
  expect((await fetch(shop.url)).status).toBe(200)
  await shop.kill('SIGTERM')
})

test.each([
  [true, 'Hello, Alice'],
  [false, 'Sign in'],
])('the browser is quit and opened again, remember me: %s', async (remember, found) => {
  const shop = await startShop()
  cleanups.push(() => shop.close())
  const profile = join(folder(), 'profile')

  const before = await launchProfile(profile)
  const page = await before.newPage()
  await signIn(page, shop.url, 'alice', { remember })
  expect(await heading(page)).toBe('Hello, Alice')
  await before.close()

  const after = await launchProfile(profile)
  const again = await after.newPage()
  await again.goto(`${shop.url}/account`)
  expect(await heading(again)).toBe(found)
  await after.close()
})

test('remembered for 30 days, then no longer', async () => {
  const shop = await startShop()
  cleanups.push(() => shop.close())
  const chrome = await launchBrowser()
  cleanups.push(() => chrome.close())
  const page = await (await chrome.newContext()).newPage()
  await signIn(page, shop.url, 'alice', { remember: true })
  const [cookie] = await page.context().cookies()
  const days = ((cookie?.expires ?? 0) * 1000 - Date.now()) / 86_400_000
  expect(days).toBeGreaterThan(29.9)
  expect(days).toBeLessThanOrEqual(30.1)

  shop.advance(29 * 86_400_000)
  await page.goto(`${shop.url}/account`)
  expect(await heading(page)).toBe('Hello, Alice')
  shop.advance(1.1 * 86_400_000)
  await page.goto(`${shop.url}/account`)
  expect(await heading(page)).toBe('Sign in')
})
