import { type Project, STORES, type Variable } from './catalogue.ts'

/** The demo user, whose password differs from application to application. */
export interface Demo {
  readonly user: string
  readonly password: string
}

function variablesOf({ store }: Project, { user, password }: Demo): readonly Variable[] {
  return [
    { name: 'PORT', value: '3000', meaning: 'The port of the server.' },
    ...STORES[store].variables,
    { name: 'DEMO_USER', value: user, meaning: 'The first user. Without a password there is none.' },
    { name: 'DEMO_PASSWORD', value: password, meaning: '' },
  ]
}

/** `.env`, or `.env.example`, which has no password. */
export function settingsOf(project: Project, demo: Demo): string {
  const lines = variablesOf(project, demo).map(
    ({ name, value, meaning }) => `${meaning === '' ? '' : `# ${meaning}\n`}${name}=${value}\n`,
  )
  return lines.join('')
}
