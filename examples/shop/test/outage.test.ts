import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessions, memoryStore } from 'sojourn'
import { expect, test, vi } from 'vitest'
import { createShop } from '../src/app.ts'
import { openShop } from '../src/open-shop.ts'
import { ShopData } from '../src/sessions.ts'
import { temporaryFolder } from './shop.ts'

test('while the session store is down, clients with a session get a 503 and keep the cookie', async () => {
  const folder = temporaryFolder()
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  let isDown = false
  const memory = memoryStore()
  const store = {
    ...memory,
    read: (id: Parameters<typeof memory.read>[0]) => (isDown ? Promise.reject(new Error('down')) : memory.read(id)),
  }
  const shop = await openShop(folder.path, createSessions({ store, data: ShopData }))
  const server = createServer(createShop(shop))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `http://localhost:${(server.address() as AddressInfo).port}`

  const added = await fetch(`${url}/cart/enamel-cup`, {
    method: 'POST',
    body: new URLSearchParams({ by: '1' }),
    redirect: 'manual',
  })
  const cookie = added.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  isDown = true
  const answer = await fetch(`${url}/cart`, { headers: { cookie } })
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('1')
  expect(answer.headers.getSetCookie()).toEqual([])
  expect(complaints.mock.calls.flat().join(' ')).not.toContain(cookie.split('=')[1])
  isDown = false
  const later = await fetch(`${url}/cart`, { headers: { cookie } })
  expect(await later.text()).toContain('1 of Enamel Cup')

  complaints.mockRestore()
  server.closeAllConnections()
  server.close()
  await shop.close()
  folder.remove()
})
