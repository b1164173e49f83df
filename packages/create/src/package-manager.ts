export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun'

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

const AGENT = /^(npm|pnpm|yarn|bun)\//

/** The package manager that started this process: each names itself in `npm_config_user_agent`. */
export function callerOf({ npm_config_user_agent: agent = '' }: Environment): PackageManager {
  return (AGENT.exec(agent)?.[1] ?? 'npm') as PackageManager
}

/** The command for a script of the application. */
export function commandFor(manager: PackageManager, script: 'install' | 'start' | 'test'): string {
  // `bun test` is another test runner.
  return manager === 'bun' && script !== 'install' ? `bun run ${script}` : `${manager} ${script}`
}
