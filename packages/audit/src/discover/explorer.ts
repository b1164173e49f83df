import type { Client } from '../http/client.ts'
import { createClient } from '../http/create-client.ts'
import type { Engine } from '../http/engine.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Secrets } from '../http/masking.ts'
import { type Variables, variablesOfUser } from '../recipe/fill.ts'
import type { CredentialPlace, Step, User } from '../recipe/recipe.ts'
import type { Hints } from './script-hints.ts'

/** The tools of the search for a login: the engine, its variables, and clients. */
export interface Explorer {
  readonly engine: Engine
  readonly user: User
  readonly variables: Variables
  readonly learn: Secrets['learn']
  readonly hints: Hints
  client(name: string): Client
  /** Clients that sent a password. Each may have a session. */
  readonly loggedIn: Client[]
  /** The address as a recipe writes it: from the root on the target, absolute elsewhere. */
  address(url: string): string
}

/** A login that was tried, and may have worked. */
export interface Candidate {
  readonly words: string
  readonly steps: readonly Step[]
  readonly client: Client
  readonly exchanges: readonly Exchange[]
  readonly credential?: CredentialPlace
  readonly refreshToken?: { readonly path: string; readonly value: string }
}

export function createExplorer(engine: Engine, secrets: Secrets, user: User, hints: Hints): Explorer {
  const variables = new Map(variablesOfUser(user))
  secrets.learn(user.password, 'password', 'password of the first user')
  secrets.learn(variables.get('basic') ?? '', 'basic', 'name and password of the first user, in base64')
  return {
    engine,
    user,
    variables,
    learn: secrets.learn,
    hints,
    client: (name) => createClient(engine, name),
    loggedIn: [],
    address(url) {
      const { origin, pathname, search } = new URL(url)
      return origin === engine.target.origin ? pathname + search : url
    },
  }
}
