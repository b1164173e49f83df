import { existsSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type AuditRequest, assertAllowed, auditApplication, createAuditEngine, Refused } from '../audit-application.ts'
import { DiscoveryFailed, discover } from '../discover/discover.ts'
import { createSecrets } from '../http/masking.ts'
import type { Recipe, Step, User } from '../recipe/recipe.ts'
import { MORE_TO_SAY, writeRecipe } from '../recipe/recipe-file.ts'
import { clean } from '../report/terminal.ts'
import { type Command, EXIT, type Io } from './io.ts'

/** `sojourn-audit init`: writes a recipe by asking, and tests immediately whether it logs in. */
export const init: Command = async (args, io) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      output: { type: 'string', default: 'audit.yaml' },
      force: { type: 'boolean', default: false },
      'self-signed': { type: 'boolean', default: false },
      'i-am-authorized': { type: 'boolean', default: false },
    },
  })
  if (existsSync(values.output) && !values.force) {
    io.err(`${values.output} exists already: overwrite it with --force, or choose another file with --output FILE\n`)
    return EXIT.usage
  }
  const asked = await askWho(io)
  if (asked === null) {
    io.err('init asks questions: run it in a terminal\n')
    return EXIT.usage
  }
  const request = {
    ...asked,
    insecureTls: values['self-signed'],
    authorized: values['i-am-authorized'],
    env: { ...io.env, AUDIT_PASSWORD: asked.user.password },
  }
  try {
    const recipe = await understand(request, io)
    if (recipe === null) return EXIT.noVerdict
    const whole = {
      target: asked.target,
      user: { name: asked.user.name, password: '${env.AUDIT_PASSWORD}' },
      ...recipe,
    }
    writeFileSync(values.output, writeRecipe(whole) + MORE_TO_SAY)
    io.out(`\nWritten: ${values.output}. Now: npx @sojourn/audit --recipe ${values.output}\n`)
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    io.err(`${clean(error.message)}\n`)
    return EXIT.usage
  }
}

interface Who {
  readonly target: string
  readonly user: User
}

async function askWho(io: Io): Promise<Who | null> {
  const address = await io.ask('Address of the application: ')
  const name = await io.ask('User name to log in with: ')
  const password = await io.ask('Its password (not shown, not written): ', { secret: true })
  if (address === null || name === null || password === null) return null
  return { target: /^https?:\/\//.test(address) ? address : `http://${address}`, user: { name, password } }
}

type Request = AuditRequest & Who

/** Tries discovery first, and asks only for what it did not find. */
async function understand(request: Request, io: Io): Promise<Recipe | null> {
  io.out('Looking for the login ...\n')
  const found = await find(request, io)
  if (found !== null && (await tryOut(request, found, io))) return found
  io.out('Please answer some questions.\n')
  for (;;) {
    const told = await askHow(io)
    if (told === null) return null
    if (await tryOut(request, told, io)) return told
    if ((await io.ask('Try again? [Y/n] '))?.toLowerCase().startsWith('n') !== false) return null
  }
}

async function find(request: Request, io: Io): Promise<Recipe | null> {
  assertAllowed(request)
  const secrets = createSecrets()
  try {
    return await discover(createAuditEngine(request, new URL(request.target), secrets), secrets, request.user)
  } catch (error) {
    if (!(error instanceof DiscoveryFailed)) throw error
    io.out(`${clean(error.message)}\n`)
    return null
  }
}

/** Runs the first steps of every audit, and reports the result. */
async function tryOut(request: Request, recipe: Recipe, io: Io): Promise<boolean> {
  const { application, untrusted, leftBehind } = await auditApplication({ ...request, recipe, checks: [] })
  const lines = [
    `  login      ${application.login}`,
    `  logged in  ${application.loggedInCheck}`,
    `  logout     ${application.logout ?? 'not found'}`,
    untrusted === null
      ? `  It logs in. A client without a credential and a made-up credential are refused. Carried by: ${application.carriers.join(', ')}.`
      : `  It does not work: ${untrusted}.`,
    ...leftBehind.map((words) => `  Not undone: ${words}`),
  ]
  for (const line of lines) io.out(`${clean(line)}\n`)
  return untrusted === null
}

async function askHow(io: Io): Promise<Recipe | null> {
  const page = await io.ask('Address of the page with the login form (empty: there is none): ')
  const endpoint = await io.ask('Address that the login is sent to: ')
  const kind = await io.ask('Sent as [form] or json: ')
  const userField = await io.ask('Name of the field for the user name [username]: ')
  const passwordField = await io.ask('Name of the field for the password [password]: ')
  const hidden = page ? await io.ask('Names of hidden fields, separated by commas (empty: none): ') : ''
  const token = kind === 'json' ? await io.ask('Path of the token in the answer, if there is one [none]: ') : ''
  const check = await io.ask('Address of a page that only logged-in users see: ')
  const words = await io.ask('Words on it (empty: use its status instead): ')
  const logout = await io.ask('Address that the logout is sent to, by POST (empty if unknown): ')
  if (page === null || endpoint === null || check === null) return null
  const names = (hidden ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const fields = {
    [userField || 'username']: '${user}',
    [passwordField || 'password']: '${password}',
    ...Object.fromEntries(names.map((name) => [name, `\${${name}}`])),
  }
  const extract = Object.fromEntries(names.map((name) => [name, { field: name }]))
  const open: Step[] = page === '' ? [] : [{ get: page, ...(names.length > 0 && { extract }) }]
  return {
    login: [...open, kind === 'json' ? { post: endpoint, json: fields } : { post: endpoint, form: fields }],
    ...(token ? { credential: { bearer: { json: token } } } : {}),
    loggedIn: { get: check, ...(words ? { text: words } : {}) },
    ...(logout ? { logout: [{ post: logout }] } : {}),
  }
}
