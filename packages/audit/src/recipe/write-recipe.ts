import { stringify } from 'yaml'
import type { Recipe } from './recipe.ts'

/** A recipe as a file, with the schema for editors and without a password. */
export function writeRecipe(recipe: Recipe): string {
  const text = stringify(recipe, { lineWidth: 0, flowCollectionPadding: true })
  return `# yaml-language-server: $schema=https://unpkg.com/@sojourn/audit/schema/recipe.schema.json\n${text}`
}

/** What else a recipe can contain. */
export const MORE_TO_SAY: string = `
# What else can be told, for more checks (see the README):
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
