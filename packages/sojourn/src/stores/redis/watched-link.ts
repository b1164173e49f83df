import type { Command, Link } from './link.ts'
import { identity, runScript } from './scripts.ts'

/** The errors of Redis and Valkey for commands that the connection's user may not run. */
const FORBIDDEN = /can't run this command|ACL failure|NOPERM/

/** In a Cluster each key may lead to another server, so one answer is not enough to clear a suspicion. This many are. */
const MANY_CHECKS = 1000

/**
 * A link that reports if another server answers than before: a replica that took over, or a restarted one. It asks the server for
 * its identity only after a break or a failed command: before the next command, and before it passes on an answer that was on its
 * way. So the caller has been informed before it judges the answer.
 */
export function watchedLink(link: Link, isWatched: () => boolean, tell: () => void): Link {
  /** The process of each node, by node; '' if it was not met yet. `null`: the server does not reveal it. */
  let known: Map<string, string> | null = new Map()
  let breaks = -1
  let checksLeft = 0

  function isInDoubt(): boolean {
    if (link.breaks() !== breaks) {
      breaks = link.breaks()
      checksLeft = MANY_CHECKS
    }
    return checksLeft > 0 && known !== null && isWatched()
  }

  async function check(key: string): Promise<void> {
    if (known === null) return
    const isFirst = known.size === 0
    try {
      const [node = '', process = '', ...masters] = toTexts(await runScript(link, identity, key, [isFirst ? '1' : '']))
      checksLeft = node === '' || masters.length === 1 ? 0 : checksLeft - 1
      const before = known.get(node)
      for (const master of masters) known.set(master, known.get(master) ?? '')
      known.set(node, process)
      if (isFirst || before === '' || before === process) return
      checksLeft = 0
      tell()
    } catch (error) {
      // If this user may not ask, nothing is reported.
      if (FORBIDDEN.test(String(error))) known = null
    }
  }

  function passOn(answer: unknown, key: string): unknown {
    return isInDoubt() ? check(key).then(() => answer) : answer
  }

  function fail(error: unknown): never {
    checksLeft = MANY_CHECKS
    throw link.explain(error)
  }

  const ask = (args: Command, key: string): Promise<unknown> =>
    link.send(args, key).then((answer) => passOn(answer, key), fail)

  return { ...link, send: (args, key) => (isInDoubt() ? check(key).then(() => ask(args, key)) : ask(args, key)) }
}

function toTexts(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}
