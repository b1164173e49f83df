import { isMap, isNode, LineCounter, type Node, parseDocument, stringify } from 'yaml'
import type { Recipe } from './recipe.ts'
import { recipeSchema } from './schema.ts'

/** A recipe that cannot be used. Each problem has its place: `app.yaml:12:5: login[1]: ...`. */
export class RecipeError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'RecipeError'
    this.problems = problems
  }
}

/** Parses a recipe in YAML or JSON. Throws `RecipeError` with every problem and its place. */
export function parseRecipe(source: string, file = 'recipe'): Recipe {
  const lineCounter = new LineCounter()
  const document = parseDocument(source, { lineCounter, prettyErrors: false })
  const at = (offset: number, words: string) => {
    const { line, col } = lineCounter.linePos(offset)
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${words}`
  }
  if (document.errors.length > 0) {
    throw new RecipeError(document.errors.map(({ pos, message }) => at(pos[0], message)))
  }
  const result = recipeSchema.safeParse(document.toJS())
  if (result.success) return result.data
  throw new RecipeError(
    result.error.issues.map(({ path, message, ...issue }) => {
      // An unknown key is reported at its own place, not at the beginning of its map.
      const [key] = issue.code === 'unrecognized_keys' ? issue.keys : []
      const place = path.filter((part) => typeof part !== 'symbol')
      const words = key === undefined ? message : `unknown key: ${key}`
      return at(offsetOf(document, key === undefined ? place : [...place, key]), `${toPath(place)}${words}`)
    }),
  )
}

type Place = readonly (string | number)[]

/** The place of a key. For a missing one, the beginning of what should contain it. */
function offsetOf(document: ReturnType<typeof parseDocument>, place: Place): number {
  for (let length = place.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(place.slice(0, length - 1), true)
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isNode(key) && 'value' in key && key.value === place[length - 1])
      if (pair !== undefined && isNode(pair.key)) return startOf(pair.key)
    }
    const node = document.getIn(place.slice(0, length), true)
    if (isNode(node)) return startOf(node)
  }
  return isNode(document.contents) ? startOf(document.contents) : 0
}

const startOf = (node: Node): number => node.range?.[0] ?? 0

function toPath(place: Place): string {
  const words = place.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')
  return words === '' ? '' : `${words}: `
}

/** A recipe as a file, with the schema for editors and without a password. */
export function writeRecipe(recipe: Recipe): string {
  const text = stringify(recipe, { lineWidth: 0, flowCollectionPadding: true })
  return `# yaml-language-server: $schema=https://unpkg.com/@sojourn/audit/schema/recipe.schema.json\n${text}`
}

/** A comment for new recipes: the other members that a recipe can have. */
export const MORE_TO_SAY: string = `
# Other members, which enable more checks (see the README):
#
# secondUser: { name: bob, password: '\${env.AUDIT_SECOND_PASSWORD}' }
# passwordChange:
#   steps:
#     - post: /password
#       form: { current: '\${password}', next: '\${newPassword}' }
# logoutEverywhere:
#   - post: /sessions/end-all
# action:
#   steps:
#     - post: /profile
#       form: { nickname: '\${value}' }
#   effect: { get: /profile }
# sessionsPage: /account/sessions
# puzzles:
#   - - post: /forgotten-password
#       form: { name: '\${user}' }
`
