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
    regex: text('regular expression: the value is its first group, or the whole match')
      .refine(isRegex, 'is not a regular expression')
      .exactOptional(),
    header: text('value of this header field of the answer').exactOptional(),
    cookie: text('value of this cookie, if the client holds it').exactOptional(),
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
    body: text('sent unchanged').exactOptional(),
    follow: z.boolean().describe('follow redirects; default true').exactOptional(),
    status: z
      .int()
      .describe('expected status of the last answer; with any other status the step fails')
      .exactOptional(),
    extract: z.record(z.string(), extract).describe('values for later steps').exactOptional(),
  })
  .refine((value) => METHODS.filter((method) => value[method] !== undefined).length === 1, {
    message: `needs exactly one of: ${METHODS.join(', ')}`,
  })
  .refine((value) => [value.form, value.json, value.body].filter((body) => body !== undefined).length <= 1, {
    message: 'needs at most one of: form, json, body',
  })
  .meta({ id: 'Step' })

const steps = z.array(step).min(1)

const user = z
  .strictObject({
    name: text('the name that the login form accepts'),
    password: text('the password; ${env.AUDIT_PASSWORD} keeps it out of this file'),
  })
  .meta({ id: 'User' })

const loggedIn = z
  .strictObject({
    get: text('a page that only logged-in users see'),
    status: z.int().describe('default 200').exactOptional(),
    text: text('text that the body contains').exactOptional(),
    notText: text('text that the body does not contain').exactOptional(),
    headers: record.exactOptional(),
  })
  .describe('the user is logged in if all conditions hold')

/** The members of a recipe. The published JSON schema is generated from it. */
export const recipeSchema: z.ZodType<Recipe> = z
  .strictObject({
    target: z.url().describe('address of the application').exactOptional(),
    user: user.exactOptional(),
    secondUser: user.describe('a user with the same rights, for checks that need two users').exactOptional(),
    hosts: z
      .array(z.string())
      .describe('other hosts that the login uses, such as an identity provider')
      .exactOptional(),
    login: steps.describe('requests that log in'),
    credential: z
      .strictObject({
        cookies: z
          .array(z.string())
          .min(1)
          .describe('names of cookies; a * at the end matches any ending')
          .exactOptional(),
        bearer: z.strictObject({ json: text('path in the answer to the login') }).exactOptional(),
      })
      .describe('where the credential is; by default, the audit finds it')
      .exactOptional(),
    loggedIn,
    logout: steps.exactOptional(),
    logoutEverywhere: steps.describe('ends every session of the user').exactOptional(),
    passwordChange: z
      .strictObject({
        steps: steps.describe('with ${password} and ${newPassword}'),
        restore: steps.describe('default: the same steps with the two passwords exchanged').exactOptional(),
      })
      .exactOptional(),
    refresh: z
      .strictObject({
        token: z
          .strictObject({ json: text('path of the refresh token in the answer; by default it is in a cookie') })
          .exactOptional(),
        steps: steps.describe('with ${refreshToken}'),
      })
      .exactOptional(),
    action: z
      .strictObject({
        steps: steps.describe('the audit forges the last step, which should store ${value}'),
        effect: z.strictObject({
          get: text('a page that shows ${value} if the action took effect'),
          text: text('text of that page that shows the effect; default: ${value}').exactOptional(),
        }),
        undo: steps.describe('undoes the effect of an action that stores no ${value}').exactOptional(),
      })
      .describe('a change that a forged request must not make')
      .exactOptional(),
    sessionsPage: z
      .union([z.string(), z.literal(false)])
      .describe('page where users see and end their sessions; false: there is none')
      .exactOptional(),
    puzzles: z
      .array(steps)
      .describe('first steps of other flows, such as a password reset, which must not log in')
      .exactOptional(),
  })
  .describe('How to log in to an application, for sojourn-audit')

/** The JSON schema that editors check a recipe with. */
export function recipeJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(recipeSchema, { io: 'input' })
  return { $schema, $id: 'https://unpkg.com/@sojourn/audit/schema/recipe.schema.json', title: 'Recipe', ...rest }
}
