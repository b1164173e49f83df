import type { ApplicationFacts } from '../model/report.ts'
import type { Recipe } from '../recipe/recipe.ts'

/** An application as the audit understands it: from a recipe, or from discovery, which writes a recipe. */
export interface Application {
  readonly source: 'discovery' | 'recipe'
  readonly recipe: Recipe
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

/** The application in words, for the report. */
export function factsOf({ source, recipe }: Application, carriers: readonly (readonly string[])[]): ApplicationFacts {
  const { get, status = 200, text, notText } = recipe.loggedIn
  const words = [
    `GET ${get} answers ${status}`,
    ...(text === undefined ? [] : [`with "${text}"`]),
    ...(notText === undefined ? [] : [`without "${notText}"`]),
  ]
  return {
    source,
    login: describeSteps(recipe.login),
    logout: recipe.logout === undefined ? null : describeSteps(recipe.logout),
    loggedInCheck: words.join(' '),
    carriers: [
      ...carriers.map((names) => names.map((name) => `cookie ${name}`).join(' and ')),
      ...(recipe.credential?.bearer === undefined ? [] : [`bearer token at ${recipe.credential.bearer.json}`]),
    ],
  }
}

export function describeSteps(steps: Recipe['login']): string {
  return steps
    .flatMap((step) =>
      METHODS.filter((name) => step[name] !== undefined).map((name) => `${name.toUpperCase()} ${step[name]}`),
    )
    .join(', ')
}
