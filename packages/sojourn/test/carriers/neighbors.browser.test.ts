import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { createSessions } from 'sojourn'
import { withNodeSession } from 'sojourn/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium } from '../support/site.ts'

let chromium: Browser
const servers: Server[] = []
beforeAll(async () => {
  chromium = await launchChromium()
})
afterAll(async () => {
  await chromium.close()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

async function start(name?: `__Host-${string}`) {
  const warnings: string[] = []
  const sessions = createSessions({ warn: (message) => warnings.push(message), ...(name && { cookie: { name } }) })
  const server = createServer(
    withNodeSession(sessions, async (request, response, session) => {
      if (request.method === 'POST') await session.login('ada')
      response.setHeader('content-type', 'text/html')
      response.end(`<p>${session.userId}</p><form method="post"><button>Log in</button></form>`)
    }),
  )
  servers.push(server)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, warnings }
}

test('Chromium on two ports of localhost: the login on one ends the one on the other, and the warning says why', async () => {
  const [shop, blog, admin] = [await start(), await start(), await start('__Host-admin')]
  const context = await chromium.newContext()
  const page = await context.newPage()
  for (const { origin } of [shop, admin, blog]) {
    await page.goto(origin)
    await page.getByRole('button').click()
    expect(await page.textContent('p')).toBe('ada')
  }
  await page.goto(admin.origin)
  expect(await page.textContent('p')).toBe('ada')
  await page.goto(shop.origin)
  expect(await page.textContent('p')).toBe('null')
  // The blog was the first to see a cookie of the other.
  expect(blog.warnings).toEqual([expect.stringContaining('another createSessions() in this process has set')])
  expect([...shop.warnings, ...admin.warnings]).toEqual([])
  // The shop's visit took nothing from the blog.
  await page.goto(blog.origin)
  expect(await page.textContent('p')).toBe('ada')
  await context.close()
})
