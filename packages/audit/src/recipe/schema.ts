import * as z from 'zod'
import type { Recipe, Step } from './recipe.ts'

const text = (about: string) => z.string().describe(about)
const record = z.record(z.string(), z.string())

const isRegex = (source: string) => {
  try {
    new RegExp(source)
    return true
  } catch {
    return false
  }
}

const extract = z
  .strictObject({
    field: text('value of the form field of this name').exactOptional(),
    json: text('path in a JSON answer: data.items[0].id').exactOptional(),
    regex: text('regular expression; its first group counts')
      .refine(isRegex, 'is not a regular expression')
      .exactOptional(),
    header: text('header field of the answer').exactOptional(),
    cookie: text('cookie that the client holds').exactOptional(),
    meta: text('content of the <meta> of this name').exactOptional(),
    link: text('address of the first link whose text or address matches')
      .refine(isRegex, 'is not a regular expression')
      .exactOptional(),
  })
  .refine(
    (value) => Object.keys(value).length === 1,
    'needs exactly one of: field, json, regex, header, cookie, meta, link',
  )
  .meta({ id: 'Extract' })

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

const step: z.ZodType<Step> = z
  .strictObject({
    get: text('address, absolute or from the target').exactOptional(),
    post: text('address').exactOptional(),
    put: text('address').exactOptional(),
    patch: text('address').exactOptional(),
    delete: text('address').exactOptional(),
    headers: record.exactOptional(),
    form: record.describe('sent as application/x-www-form-urlencoded').exactOptional(),
    json: z.unknown().describe('sent as JSON').exactOptional(),
    body: text('sent as it is').exactOptional(),
    follow: z.boolean().describe('follow redirects; default true').exactOptional(),
    status: z.int().describe('the step failed if the last answer has another').exactOptional(),
    extract: z.record(z.string(), extract).describe('values for later steps').exactOptional(),
  })
  .refine((value) => METHODS.filter((method) => value[method] !== undefined).length === 1, {
    message: `needs exactly one of: ${METHODS.join(', ')}`,
  })
  .refine((value) => [value.form, value.json, value.body].filter((body) => body !== undefined).length <= 1, {
    message: 'takes one of form, json and body, not several',
  })
  .meta({ id: 'Step' })

const steps = z.array(step).min(1)

const user = z
  .strictObject({
    name: text('what is typed as user name'),
    password: text('better: ${env.AUDIT_PASSWORD}'),
  })
  .meta({ id: 'User' })

const loggedIn = z
  .strictObject({
    get: text('a page that only logged-in users see'),
    status: z.int().describe('default 200').exactOptional(),
    text: text('stands in the body').exactOptional(),
    notText: text('does not stand in the body').exactOptional(),
    headers: record.exactOptional(),
  })
  .describe('logged in if all of it holds')

/** The members of a recipe. The published JSON schema is generated from it. */
export const recipeSchema: z.ZodType<Recipe> = z
  .strictObject({
    target: z.url().describe('address of the application').exactOptional(),
    user: user.exactOptional(),
    secondUser: user.describe('of the same rights, for checks that need two people').exactOptional(),
    hosts: z.array(z.string()).describe('hosts beside the target that the login leads over').exactOptional(),
    login: steps.describe('requests that log in'),
    credential: z
      .strictObject({
        cookies: z.array(z.string()).min(1).describe('names; a * at the end stands for anything').exactOptional(),
        bearer: z.strictObject({ json: text('path in the answer of the login') }).exactOptional(),
      })
      .describe('where the credential lives; without it, found by trying')
      .exactOptional(),
    loggedIn,
    logout: steps.exactOptional(),
    logoutEverywhere: steps.describe('ends every session of the user').exactOptional(),
    passwordChange: z
      .strictObject({
        steps: steps.describe('with ${password} and ${newPassword}'),
        restore: steps.describe('default: the same steps with the two changed over').exactOptional(),
      })
      .exactOptional(),
    refresh: z
      .strictObject({
        token: z.strictObject({ json: text('path of the refresh token; default: it is in a cookie') }).exactOptional(),
        steps: steps.describe('with ${refreshToken}'),
      })
      .exactOptional(),
    action: z
      .strictObject({
        steps: steps.describe('the last one is forged; it should write ${value} somewhere'),
        effect: z.strictObject({
          get: text('where ${value} is seen once it took effect'),
          text: text('default: ${value}').exactOptional(),
        }),
        undo: steps.describe('takes the effect away, for an action that writes no ${value}').exactOptional(),
      })
      .describe('a change that a forged request must not make')
      .exactOptional(),
    sessionsPage: z
      .union([z.string(), z.literal(false)])
      .describe('page where a user sees and ends sessions; false: there is none')
      .exactOptional(),
    puzzles: z.array(steps).describe('steps without a password after which nobody may be logged in').exactOptional(),
  })
  .describe('How to log in to an application, for sojourn-audit')

/** The JSON schema that editors check a recipe with. */
export function recipeJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(recipeSchema, { io: 'input' })
  return { $schema, $id: 'https://unpkg.com/@sojourn/audit/schema/recipe.schema.json', title: 'Recipe', ...rest }
}
