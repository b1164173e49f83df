/**
 * `node tools/walk.mjs`: lists the files of the library that one request enters, in order, through Express with the memory store.
 * A newcomer who follows a request has to read these. Measured with V8's block coverage on the built package, warm.
 */
import { once } from 'node:events'
import { Session } from 'node:inspector/promises'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import express from 'express'
import { createSessions, memoryStore } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { root } from './run.mjs'

const packages = join(root, 'packages/sojourn/dist/')

/** @type {Readonly<Record<string, (request: import('express').Request) => unknown>>} */
const ACTS = {
  read: (request) => request.session.data.visits,
  write: (request) => {
    request.session.data.visits = (request.session.data.visits ?? 0) + 1
  },
  login: (request) => request.session.login('ada'),
}

/**
 * Measures which files each request enters, and how many functions of them, in order.
 * @returns {Promise<Record<string, { file: string, called: number }[]>>}
 */
export async function measureWalk() {
  /** @type {import('sojourn').Sessions<{ visits?: number }>} */
  const sessions = createSessions({ store: memoryStore() })
  const app = express()
  app.use(expressSessions(sessions))
  for (const [name, act] of Object.entries(ACTS)) {
    app.get(`/${name}`, async (request, response) => {
      await act(request)
      response.end()
    })
  }
  const server = app.listen(0)
  await once(server, 'listening')
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  const origin = `http://localhost:${address.port}`

  const inspector = new Session()
  inspector.connect()
  await inspector.post('Profiler.enable')
  await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })

  let cookie = ''
  /** @param {string} name */
  async function ask(name) {
    const response = await fetch(`${origin}/${name}`, { headers: { cookie } })
    await response.arrayBuffer()
    for (const line of response.headers.getSetCookie()) cookie = line.split(';', 1)[0] ?? ''
    // Code that runs after the answer belongs to the request too.
    await new Promise((resolve) => setTimeout(resolve, 50))
  }

  async function take() {
    const { result } = await inspector.post('Profiler.takePreciseCoverage')
    return result
      .filter(({ url }) => url.startsWith('file:') && fileURLToPath(url).startsWith(packages))
      .map(({ url, functions }) => ({
        file: relative(packages, fileURLToPath(url)).replace(/\.js$/, '.ts'),
        called: functions.filter(({ functionName, ranges }) => functionName !== '' && (ranges[0]?.count ?? 0) > 0)
          .length,
      }))
      .filter(({ called }) => called > 0)
  }

  for (let i = 0; i < 20; i++) for (const name of ['login', 'write', 'read']) await ask(name)
  /** @type {Record<string, { file: string, called: number }[]>} */
  const walk = {}
  for (const name of ['read', 'write', 'login']) {
    /** @type {{ file: string, called: number }[][]} */
    const times = []
    for (let i = 0; i < 6; i++) {
      await take()
      await ask(name)
      times.push(await take())
    }
    // What is due now and then, such as a look at the marker of endAll, belongs to no request.
    walk[name] = (times[0] ?? []).filter(({ file }) => times.every((one) => one.some((other) => other.file === file)))
  }
  server.close()
  await sessions.close()
  inspector.disconnect()
  return walk
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [name, entered] of Object.entries(await measureWalk())) {
    const functions = entered.reduce((sum, { called }) => sum + called, 0)
    console.log(`\n${name}: ${entered.length} files, ${functions} functions`)
    for (const { file, called } of entered) console.log(`  ${file} (${called})`)
  }
}
