import type { Link } from './link.ts'
import type { Script } from './scripts.ts'

/** One round trip, but for the first run on a server that does not have the script: new, restarted, flushed or promoted. */
export async function runScript(link: Link, script: Script, key: string, args: readonly string[]): Promise<unknown> {
  try {
    return await link.send(['evalsha', script.sha, '1', key, ...args], key)
  } catch (error) {
    // Nothing was run, so running it now is no second time.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return link.send(['eval', script.text, '1', key, ...args], key)
  }
}
