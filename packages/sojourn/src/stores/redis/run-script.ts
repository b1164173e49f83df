import type { Link } from './link.ts'
import type { Script } from './scripts.ts'

/**
 * Takes one round trip, except for the first run on a server that does not have the script: a new, restarted, flushed or promoted
 * one.
 */
export async function runScript(link: Link, script: Script, key: string, args: readonly string[]): Promise<unknown> {
  try {
    return await link.send(['evalsha', script.sha, '1', key, ...args], key)
  } catch (error) {
    // The server ran nothing, so this is not a second run.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return link.send(['eval', script.text, '1', key, ...args], key)
  }
}
