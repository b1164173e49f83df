import { existsSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { assertAllowed, auditApplication, createAuditEngine, Refused } from '../audit-application.ts'
import { NoBrowser } from '../checks/lib/browser/chromium.ts'
import { complete } from '../discover/complete.ts'
import { createExplorer } from '../discover/explorer.ts'
import { NO_HINTS } from '../discover/script-hints.ts'
import { tryLogin } from '../discover/try-login.ts'
import { createSecrets } from '../http/masking.ts'
import { readPage } from '../http/page.ts'
import type { Extract, Recipe, Step, User } from '../recipe/recipe.ts'
import { MORE_TO_SAY, writeRecipe } from '../recipe/recipe-file.ts'
import { clean } from '../report/terminal.ts'
import { type Command, EXIT, type Io } from './io.ts'
import { type Recorded, type Recording, recordLogin } from './record-login.ts'

/** `sojourn-audit record URL --user NAME`: writes a recipe from a manual login in Chromium. */
export const record: Command = (args, io) =>
  recordWith(args, io, {
    headless: false,
    done: () => io.ask('Log in in the browser window. Once you are logged in, press Enter here. '),
  })

export interface Hands {
  readonly headless: boolean
  readonly done: (page: Page) => Promise<unknown>
}

/** Runs the command. `hands` logs in. */
export async function recordWith(args: readonly string[], io: Io, hands: Hands): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      user: { type: 'string' },
      output: { type: 'string', default: 'audit.yaml' },
      force: { type: 'boolean', default: false },
      'self-signed': { type: 'boolean', default: false },
      'i-am-authorized': { type: 'boolean', default: false },
    },
  })
  const [target] = positionals
  const name = values.user ?? (await io.ask('User name you will log in with: '))
  const password =
    io.env.AUDIT_PASSWORD ?? (await io.ask('Its password, to keep it out of the recipe: ', { secret: true }))
  if (target === undefined || name === null || password === null) {
    io.err('usage: sojourn-audit record URL --user NAME, with AUDIT_PASSWORD or at a terminal\n')
    return EXIT.usage
  }
  if (existsSync(values.output) && !values.force) {
    io.err(`${values.output} exists already: overwrite it with --force, or choose another file with --output FILE\n`)
    return EXIT.usage
  }
  const options = { insecureTls: values['self-signed'], authorized: values['i-am-authorized'] }
  try {
    const recipe = await recipeOf({ target, user: { name, password }, ...options }, io, hands)
    if (recipe === null) return EXIT.noVerdict
    writeFileSync(values.output, writeRecipe(recipe) + MORE_TO_SAY)
    io.out(`Written: ${values.output}. Now: npx @sojourn/audit --recipe ${values.output}\n`)
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof NoBrowser || error instanceof Refused)) throw error
    io.err(`${clean(error.message)}\n`)
    return EXIT.usage
  }
}

interface Wanted {
  readonly target: string
  readonly user: User
  readonly insecureTls: boolean
  readonly authorized: boolean
}

async function recipeOf(wanted: Wanted, io: Io, { headless, done }: Hands): Promise<Recipe | null> {
  const target = assertAllowed(wanted)
  const recording = await recordLogin({
    url: target.href,
    headless,
    env: io.env,
    insecureTls: wanted.insecureTls,
    done,
  })
  const secrets = createSecrets()
  const explorer = createExplorer(createAuditEngine(wanted, target, secrets), secrets, wanted.user, NO_HINTS)
  const steps = toSteps(recording, wanted.user, explorer.address)
  if (steps === null) {
    io.err('No recorded request contains that password. Check that you typed the same one in the browser.\n')
    return null
  }
  const candidate = await tryLogin(explorer, steps, 'the recorded login')
  const found = candidate === null ? null : await complete(explorer, candidate)
  if (found === null) {
    io.err('The recorded login does not work when it is sent again without a browser.\n')
    return null
  }
  const recipe = {
    target: wanted.target,
    user: { name: wanted.user.name, password: '${env.AUDIT_PASSWORD}' },
    ...found,
  }
  const env = { ...io.env, AUDIT_PASSWORD: wanted.user.password }
  const { untrusted } = await auditApplication({ ...wanted, recipe, checks: [], env })
  if (untrusted !== null) io.err(clean(`The login was recorded, but: ${untrusted}\n`))
  return recipe
}

/** Converts the requests of a browser to login steps, up to the request with the password. `null` if there is none. */
function toSteps({ requests, pages }: Recording, user: User, address: (url: string) => string): Step[] | null {
  const at = requests.findIndex((request) => request.method !== 'GET' && carries(request, user.password))
  if (at === -1) return null
  const first = requests.slice(0, at).findIndex((request) => request.method !== 'GET' && carries(request, user.name))
  const from = first === -1 ? at : first
  const posts = requests.slice(from, at + 1).filter(({ method }) => method !== 'GET')
  return posts.flatMap((request) => {
    const index = requests.indexOf(request)
    const shown = requests.slice(0, index).findLast(({ method, url }) => method === 'GET' && pages.has(url))
    return stepsOf(request, shown, pages, user, address)
  })
}

const carries = ({ body }: Recorded, text: string) =>
  body !== null &&
  [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1), formEncoded(text)].some((form) =>
    body.includes(form),
  )

const formEncoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)

function stepsOf(
  request: Recorded,
  shown: Recorded | undefined,
  pages: Recording['pages'],
  user: User,
  address: (url: string) => string,
): Step[] {
  const extract: Record<string, Extract> = {}
  const html = shown === undefined ? '' : (pages.get(shown.url) ?? '')
  const page = readPage(html, shown?.url ?? request.url)
  /** A value from the page before is extracted from it anew each time. Any other is written as it is. */
  const template = (name: string, value: string): string => {
    if (value === user.password) return '${password}'
    if (value === user.name) return '${user}'
    const where = whereIs(value, page, request.cookies)
    if (where === null) return value
    const variable = `from_page_${name.replace(/[^\w-]/g, '_')}`
    extract[variable] = where
    return `\${${variable}}`
  }
  const body = bodyOf(request, template)
  const headers = Object.fromEntries(
    Object.entries(request.headers)
      .filter(([name]) => /csrf|xsrf|^x-(?!requested-with$|forwarded)/.test(name))
      .map(([name, value]) => [name, template(name, value)]),
  )
  const method = request.method.toLowerCase() as 'post' | 'put' | 'patch'
  const step: Step = { [method]: address(request.url), ...(Object.keys(headers).length > 0 && { headers }), ...body }
  if (shown === undefined) return [step]
  return [{ get: address(shown.url), ...(Object.keys(extract).length > 0 && { extract }) }, step]
}

/** Shorter values appear anywhere by chance. */
const SHORTEST = 8

function whereIs(value: string, page: ReturnType<typeof readPage>, cookies: Recorded['cookies']): Extract | null {
  if (value.length < SHORTEST) return null
  const field = page.forms
    .flatMap(({ fields }) => fields)
    .find((held) => held.type === 'hidden' && held.value === value)
  if (field !== undefined) return { field: field.name }
  const meta = [...page.metas].find(([, content]) => content === value)
  if (meta !== undefined) return { meta: meta[0] }
  const cookie = Object.entries(cookies).find(([, held]) => held === value || decodeURIComponent(held) === value)
  return cookie === undefined ? null : { cookie: cookie[0] }
}

function bodyOf({ body, headers }: Recorded, template: (name: string, value: string) => string): Step {
  const type = headers['content-type'] ?? ''
  if (body === null) return {}
  if (type.startsWith('application/json')) {
    const fill = (value: unknown, name: string): unknown => {
      if (typeof value === 'string') return template(name, value)
      if (Array.isArray(value)) return value.map((held) => fill(held, name))
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, fill(held, key)]))
    }
    return { json: fill(JSON.parse(body), '') }
  }
  return {
    form: Object.fromEntries([...new URLSearchParams(body)].map(([name, value]) => [name, template(name, value)])),
  }
}
