import type { User } from './recipe.ts'

/** What `${name}` stands for. */
export type Variables = ReadonlyMap<string, string>

/** What a user is to recipes; `basic` is what HTTP Basic authentication sends. */
export const variablesOfUser = ({ name, password }: User): [string, string][] => [
  ['user', name],
  ['password', password],
  ['basic', Buffer.from(`${name}:${password}`).toString('base64')],
]

/** A step that could not be done: a value it needs was not found, or an answer it must not get. */
export class StepFailed extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StepFailed'
  }
}

/** `encode` is for values that go into an address or into a form by hand. */
export function fill(text: string, variables: Variables, encode: (value: string) => string = String): string {
  return text.replace(/\$\{([\w.-]+)\}/g, (_, name: string) => {
    const value = variables.get(name)
    if (value === undefined) throw new StepFailed(`nothing is known as \${${name}}`)
    return encode(value)
  })
}

export function fillJson(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return fill(value, variables)
  if (Array.isArray(value)) return value.map((item) => fillJson(item, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillJson(item, variables)]))
}

/** `${env.NAME}` of every text in a recipe, at once: what is missing is told before anything is sent. */
export function environmentOf(value: unknown, env: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, name = ''] of JSON.stringify(value).matchAll(/\$\{env\.(\w+)\}/g)) {
    const held = env[name]
    if (held === undefined) throw new StepFailed(`the environment has no ${name}`)
    found.set(`env.${name}`, held)
  }
  return found
}
