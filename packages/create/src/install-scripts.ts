/** Whether a package's install script has to run. Without it, better-sqlite3 has no binary; the others bring theirs along. */
const SCRIPTS: Readonly<Record<string, boolean>> = { 'better-sqlite3': true, lmdb: false, 'msgpackr-extract': false }

/** What a package installs, of what has an install script. */
const BRINGS: Readonly<Record<string, readonly string[]>> = { lmdb: ['lmdb', 'msgpackr-extract'] }

/** Package managers ask about install scripts, or refuse to install, until an application says which may run. */
export function installScriptsOf(dependencies: readonly string[]): Readonly<Record<string, boolean>> {
  const names = dependencies.flatMap((name) => BRINGS[name] ?? [name])
  return Object.fromEntries(Object.entries(SCRIPTS).filter(([name]) => names.includes(name)))
}
