import { existsSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { assertAllowed, auditApplication, createAuditEngine, Refused } from '../audit-application.ts'
import { NoBrowser } from '../checks/lib/browser/launch.ts'
import { complete } from '../discover/complete.ts'
import { createExplorer } from '../discover/explorer.ts'
import { NO_HINTS } from '../discover/script-hints.ts'
import { tryLogin } from '../discover/try-login.ts'
import { createSecrets } from '../http/masking.ts'
import type { Recipe, User } from '../recipe/recipe.ts'
import { MORE_TO_SAY, writeRecipe } from '../recipe/write-recipe.ts'
import { clean } from '../report/terminal.ts'
import { type Command, EXIT, type Io } from './io.ts'
import { recordLogin } from './record-login.ts'
import { toSteps } from './to-steps.ts'

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
    io.err(`${values.output} exists already: overwrite it with --force\n`)
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
    io.err('No request with that password was seen. Is it the password that you typed in the browser?\n')
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
