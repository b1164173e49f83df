import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { AuditRequest } from '../audit-application.ts'
import { checks } from '../checks/index.ts'
import { SEVERITIES, type Severity } from '../model/finding.ts'
import type { Recipe, User } from '../recipe/recipe.ts'
import { parseRecipe } from '../recipe/recipe-file.ts'
import { clean } from '../report/terminal.ts'
import type { Io } from './io.ts'

/** The command line was not understood. */
export class Misuse extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Misuse'
  }
}

const OPTIONS = {
  user: { type: 'string' },
  password: { type: 'string' },
  'second-user': { type: 'string' },
  recipe: { type: 'string' },
  'allow-changes': { type: 'boolean', default: false },
  patience: { type: 'string' },
  browser: { type: 'boolean', default: false },
  samples: { type: 'string' },
  only: { type: 'string' },
  skip: { type: 'string' },
  'i-am-authorized': { type: 'boolean', default: false },
  rate: { type: 'string' },
  'max-requests': { type: 'string' },
  timeout: { type: 'string' },
  'self-signed': { type: 'boolean', default: false },
  json: { type: 'string' },
  html: { type: 'string' },
  sarif: { type: 'string' },
  junit: { type: 'string' },
  baseline: { type: 'string' },
  'write-baseline': { type: 'string' },
  compare: { type: 'string' },
  'fail-on': { type: 'string' },
  'no-color': { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

type Named<Type> = {
  [Name in keyof typeof OPTIONS]: (typeof OPTIONS)[Name]['type'] extends Type ? Name : never
}[keyof typeof OPTIONS]

/** Options as typed. */
export interface Values extends Partial<Record<Named<'string'>, string>>, Record<Named<'boolean'>, boolean> {}

export interface CommandLine {
  readonly url: string | null
  readonly values: Values
}

export function readCommandLine(args: readonly string[]): CommandLine {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    if (positionals.length > 1)
      throw new Misuse(`give one address, not ${positionals.length}: ${positionals.join(' ')}`)
    return { url: positionals[0] ?? null, values }
  } catch (error) {
    throw error instanceof Misuse ? error : new Misuse(error instanceof Error ? error.message : String(error))
  }
}

/** Converts the command line to a request. Secrets come from the environment or from the terminal. */
export async function toRequest({ url, values }: CommandLine, io: Io): Promise<AuditRequest> {
  const recipe = values.recipe === undefined ? null : readRecipe(values.recipe)
  const target = url === null ? recipe?.target : /^https?:\/\//.test(url) ? url : `http://${url}`
  if (target === undefined) throw new Misuse('the address of the application is missing: sojourn-audit URL --user NAME')
  const env = await withMissingSecrets(recipe, values, io)
  const user = await userOf(values.user, recipe?.user, values.password ?? env.AUDIT_PASSWORD, io)
  if (user === null) throw new Misuse('--user is missing: give the name of the user to log in as')
  const second = await userOf(values['second-user'], recipe?.secondUser, env.AUDIT_SECOND_PASSWORD, io)
  return {
    target,
    user,
    ...(second === null ? {} : { secondUser: second }),
    ...(recipe === null ? {} : { recipe }),
    checks: chosenChecks(values.only, values.skip),
    allowChanges: values['allow-changes'],
    browser: values.browser,
    authorized: values['i-am-authorized'],
    insecureTls: values['self-signed'],
    env,
    ...numbersOf(values),
  }
}

function readRecipe(file: string): Recipe {
  return parseRecipe(readText(file), file)
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Misuse(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function userOf(
  name: string | undefined,
  told: User | undefined,
  password: string | undefined,
  io: Io,
): Promise<User | null> {
  if (name === undefined) return told === undefined || password === undefined ? (told ?? null) : { ...told, password }
  const typed = password ?? (await io.ask(`Password of ${name}: `, { secret: true }))
  if (typed === null)
    throw new Misuse(`the password of ${name} is missing: set AUDIT_PASSWORD in the environment, or run in a terminal`)
  return { name, password: typed }
}

/** A recipe may refer to environment variables for passwords. Missing ones are asked for at the terminal. */
async function withMissingSecrets(recipe: Recipe | null, values: Values, io: Io): Promise<Io['env']> {
  const env: Record<string, string | undefined> = { ...io.env }
  const first = values.user === undefined && values.password === undefined ? recipe?.user : undefined
  for (const user of [first, recipe?.secondUser]) {
    const variable = /^\$\{env\.(\w+)\}$/.exec(user?.password ?? '')?.[1]
    if (user === undefined || variable === undefined || env[variable] !== undefined) continue
    const typed = await io.ask(`Password of ${clean(user.name)} ($${variable}): `, { secret: true })
    if (typed !== null) env[variable] = typed
  }
  return env
}

function chosenChecks(only: string | undefined, skip: string | undefined) {
  const ids = (list: string | undefined) => list?.split(',').map((id) => id.trim()) ?? []
  const unknown = [...ids(only), ...ids(skip)].find((id) => !checks.some((check) => check.id === id))
  if (unknown !== undefined) throw new Misuse(`there is no check ${unknown}; npx @sojourn/audit checks lists them`)
  return checks.filter(({ id }) => (only === undefined || ids(only).includes(id)) && !ids(skip).includes(id))
}

function numbersOf(values: Values): Partial<AuditRequest> {
  const time = (name: 'patience' | 'timeout') => {
    const ms = values[name] === undefined ? undefined : parseTime(values[name])
    if (ms === null) throw new Misuse(`--${name} ${values[name]}: write a time such as 90s, 10m or 1h`)
    return ms
  }
  const count = (name: 'samples' | 'rate' | 'max-requests') => {
    const number = values[name] === undefined ? undefined : Number(values[name])
    if (number !== undefined && !(number > 0)) throw new Misuse(`--${name} ${values[name]}: write a number above 0`)
    return number
  }
  const patienceMs = time('patience')
  const timeoutMs = time('timeout')
  const [samples, rate, cap] = [count('samples'), count('rate'), count('max-requests')]
  return {
    ...(patienceMs === undefined ? {} : { patienceMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(samples === undefined ? {} : { samples }),
    ...(rate === undefined ? {} : { rate }),
    ...(cap === undefined ? {} : { cap }),
  }
}

export function failOnOf({ 'fail-on': severity = 'low' }: Values): Severity {
  const found = SEVERITIES.find((known) => known === severity)
  if (found === undefined) throw new Misuse(`--fail-on ${severity}: write one of ${SEVERITIES.join(', ')}`)
  return found
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Parses `90s` and the like to ms. `null` if it is not a time. */
function parseTime(text: string): number | null {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  return count === undefined || unit === undefined ? null : Number(count) * (UNITS[unit] ?? 0)
}

export const USAGE = `Audits the sessions of a web application from outside.

  sojourn-audit URL --user NAME      finds the login by itself; asks for the password
  sojourn-audit --recipe app.yaml    logs in as the recipe describes
  sojourn-audit init                 writes a recipe from your answers
  sojourn-audit record URL           writes a recipe from a manual login in Chromium
  sojourn-audit tokens FILE          scores a list of tokens
  sojourn-audit har FILE             judges a session that a browser captured
  sojourn-audit cookie 'Set-Cookie: ...'
  sojourn-audit checks               lists the checks

Users
  --user NAME            password: asked for, or $AUDIT_PASSWORD, or --password (visible to others on this machine)
  --second-user NAME     password: asked for, or $AUDIT_SECOND_PASSWORD
  --recipe FILE          how to log in, log out, change the password, and more (schema: @sojourn/audit/recipe.schema.json)

Checks
  --allow-changes        may change state: run the action, change the password and back, end all sessions
  --patience TIME        how long to wait for timeouts, and for limited logins: 90s, 10m
  --browser              also tests in Chromium (needs playwright-core)
  --samples N            tokens to collect (60; 24 if each needs a login)
  --only IDS, --skip IDS checks, separated by commas

Limits
  --i-am-authorized      required for targets other than this machine
  --rate N               requests per second (200 on this machine, 10 elsewhere)
  --max-requests N       in total (3000)
  --timeout TIME         of one answer (10s)
  --self-signed          accepts any certificate, on this machine only

Reports
  --json, --html, --sarif, --junit FILE
  --baseline FILE        known findings, which do not count
  --write-baseline FILE  makes all failures of this run known
  --compare FILE         an earlier --json report, to see what changed
  --fail-on SEVERITY     the severity that counts: low (default), medium, high or critical
  --no-color, --quiet

Exit codes: 0: nothing failed; 10, 11, 12, 13: the gravest failure is low, medium, high, critical; 2: misuse; 3: no verdict.
`
