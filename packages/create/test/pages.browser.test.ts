import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createIn, DEMO, folderOfApplications } from './support.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const folder = folderOfApplications()
const stops: (() => unknown)[] = []
let browser: Browser
let origin = ''

beforeAll(async () => {
  const home = createIn(folder, { name: 'pages', framework: 'express', store: 'memory', language: 'js' })
  const child = spawn(process.execPath, ['src/main.js'], { cwd: home, env: { ...process.env, PORT: '0' } })
  stops.push(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  origin = line.toString().trim()
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    chromiumSandbox: false,
  })
  stops.push(() => browser.close())
})
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

test('the login page says where the password of the first user is, but not in production', async () => {
  const hint = /the first user are in the file/
  expect(await (await fetch(`${origin}/login`)).text()).toMatch(hint)
  const home = createIn(folder, { name: 'production', framework: 'express', store: 'memory', language: 'js' })
  const env = { ...process.env, PORT: '0', NODE_ENV: 'production' }
  const child = spawn(process.execPath, ['src/main.js'], { cwd: home, env })
  stops.push(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  expect(await (await fetch(`${line.toString().trim()}/login`)).text()).not.toMatch(hint)
})

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly target: readonly string[] }[]
}

/** Faults that axe finds, and whether the page is wider than the window. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    violations: Violation[]
  }
  const isWide = await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')
  const faults = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  return isWide === true ? [...faults, 'wider than the window'] : faults
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each([
    [1280, 800],
    [390, 844],
  ])('%i pixels wide, every page is sound, and a user logs in and out', async (width, height) => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme })
    const page = await context.newPage()
    const shoot = async (name: string): Promise<void> => {
      const to = process.env.SOJOURN_SHOTS
      if (to !== undefined) await page.screenshot({ path: `${to}/create-${name}-${width}-${colorScheme}.png` })
    }
    await page.goto(origin)
    await page.getByLabel('Item').fill('A lamp')
    await page.getByRole('button', { name: 'Add' }).click()
    expect(await faultsOf(page)).toEqual([])
    await shoot('cart')

    await page.getByRole('link', { name: 'Log in' }).click()
    await page.getByLabel('Name').fill(DEMO.user)
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    expect(await page.getByRole('status').textContent()).toContain('is wrong')
    expect(await faultsOf(page)).toEqual([])
    await shoot('login')

    await page.getByLabel('Name').fill(DEMO.user)
    await page.getByLabel('Password').fill(DEMO.password)
    await page.getByRole('button', { name: 'Log in' }).click()
    expect(await page.getByRole('heading').textContent()).toBe('Hello, ada')
    expect(await page.getByRole('listitem').allTextContents()).toContain('A lamp')
    expect(await faultsOf(page)).toEqual([])
    await shoot('home')

    await page.getByRole('link', { name: 'Devices' }).click()
    expect(await faultsOf(page)).toEqual([])
    await shoot('devices')
    await page.getByRole('button', { name: 'Log out' }).click()
    expect(await page.getByRole('heading').textContent()).toBe('Welcome')
    await context.close()
  })
})
