import type { User } from './recipe.ts'

/** The values of `${name}`. */
export type Variables = ReadonlyMap<string, string>

/** A user's variables. `basic` is what HTTP Basic authentication sends. */
export const variablesOfUser = ({ name, password }: User): [string, string][] => [
  ['user', name],
  ['password', password],
  ['basic', Buffer.from(`${name}:${password}`).toString('base64')],
]

/** A step failed: a value that it needs was not found, or the answer was not the expected one. */
export class StepFailed extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StepFailed'
  }
}

/** Fills in the variables. `encode` is for values in an address or a form. */
export function fill(text: string, variables: Variables, encode: (value: string) => string = String): string {
  return text.replace(/\$\{([\w.-]+)\}/g, (_, name: string) => {
    const value = variables.get(name)
    if (value === undefined) throw new StepFailed(`there is no variable \${${name}}`)
    return encode(value)
  })
}

export function fillJson(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return fill(value, variables)
  if (Array.isArray(value)) return value.map((item) => fillJson(item, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillJson(item, variables)]))
}

/** Collects `${env.NAME}` of every text in a recipe, so that missing variables are reported before anything is sent. */
export function environmentOf(value: unknown, env: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, name = ''] of JSON.stringify(value).matchAll(/\$\{env\.(\w+)\}/g)) {
    const held = env[name]
    if (held === undefined) throw new StepFailed(`the environment variable ${name} is not set`)
    found.set(`env.${name}`, held)
  }
  return found
}
