import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AdapterServer } from '@sojourn/conformance'
import type { Handle, RequestEvent } from '@sveltejs/kit'
import { getRequest, setResponse } from '@sveltejs/kit/node'
import { build } from 'vite'
import { listen } from './node-reply.ts'

/** What the one application that was built does in this process. `answer` is its endpoint for all paths without a page. */
export interface SvelteKitApp {
  readonly handle: Handle
  readonly answer: (event: RequestEvent) => Response | Promise<Response>
  /** What the streamed part of a page waits for. */
  readonly gate?: Promise<void>
}

/**
 * A SvelteKit application with one endpoint, and pages with a load function and a form action. The server tells it what to do, so one
 * build serves all tests.
 */
const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "type": "module" }',
  'svelte.config.js': 'export default { kit: { csrf: { trustedOrigins: ["*"] } } }',
  'vite.config.js': `
    import { sveltekit } from '@sveltejs/kit/vite'
    export default { plugins: [sveltekit()], logLevel: 'error' }`,
  'src/app.html': '<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
  'src/hooks.server.js': 'export const handle = (input) => input.event.platform.app.handle(input)',
  'src/routes/[...path]/+server.js': `
    const answer = (event) => event.platform.app.answer(event)
    export { answer as GET, answer as HEAD, answer as fallback }`,
  'src/routes/page/+page.server.js': `
    export const load = async ({ locals, platform, url }) => {
      if (url.searchParams.has('fail')) throw new Error('of the load function')
      const { session } = locals
      const later = async () => {
        await platform.app.gate
        return session.login('ada').then(() => 'logged in', (error) => error.code)
      }
      const user = session.userId
      return { user, ...(url.searchParams.has('stream') && { late: later() }) }
    }
    export const actions = {
      async default({ locals, request }) {
        await locals.session.login((await request.formData()).get('name'))
        return { done: true }
      },
    }`,
  'src/routes/page/+page.svelte': `
    <script>
      let { data } = $props()
    </script>
    <p>user: {data.user}</p>
    {#await data.late}{:then late}<p>late: {late}</p>{/await}`,
  'src/routes/inner/+page.server.js': `
    export const load = async ({ fetch, locals }) => {
      const reply = await fetch('/api/login', { method: 'POST' })
      return { reply: await reply.text(), user: locals.session.userId }
    }`,
  'src/routes/inner/+page.svelte': `
    <script>
      let { data } = $props()
    </script>
    <p>{data.reply}</p>`,
}

interface KitServer {
  init(options: { env: Record<string, string> }): Promise<void>
  respond(request: Request, options: { getClientAddress(): string; platform: object }): Promise<Response>
}

let loaded: Promise<KitServer> | undefined

/** Test files run in several processes. The first one that has built the application gives it to all. */
async function buildOnce(): Promise<string> {
  const version = createHash('sha256').update(JSON.stringify(FILES)).digest('hex').slice(0, 12)
  // Inside of the repository, so that the packages are found.
  const folder = join(import.meta.dirname, `../../../node_modules/.cache/sveltekit-${version}`)
  if (existsSync(folder)) return folder
  const own = `${folder}-${process.pid}`
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(own, name)), { recursive: true })
    writeFileSync(join(own, name), text)
  }
  const before = process.cwd()
  // SvelteKit reads its configuration from the working directory.
  process.chdir(own)
  try {
    await build({ root: own, logLevel: 'error' })
  } finally {
    process.chdir(before)
  }
  try {
    renameSync(own, folder)
  } catch {
    // Another process was faster.
    rmSync(own, { recursive: true })
  }
  return folder
}

async function loadApp(): Promise<KitServer> {
  const output = join(await buildOnce(), '.svelte-kit/output/server')
  const load = (file: string): Promise<Record<string, unknown>> => import(pathToFileURL(join(output, file)).href)
  const { Server } = (await load('index.js')) as { Server: new (manifest: unknown) => KitServer }
  const server = new Server((await load('manifest.js')).manifest)
  await server.init({ env: {} })
  return server
}

/** The application on node:http, by the functions that adapter-node is made of. */
export async function serveSvelteKit(app: SvelteKitApp): Promise<AdapterServer> {
  loaded ??= loadApp()
  const kit = await loaded
  const server = createServer(async (request, response) => {
    const base = `http://${request.headers.host ?? 'localhost'}`
    const made = await getRequest({ request, base }).catch(() => null)
    if (made === null) return void response.writeHead(400).end()
    const getClientAddress = (): string => request.socket.remoteAddress ?? ''
    setResponse(response, await kit.respond(made, { getClientAddress, platform: { app } }))
  })
  return listen(server)
}
