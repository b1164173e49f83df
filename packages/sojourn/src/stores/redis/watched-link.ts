import type { Link } from './link.ts'
import { runScript } from './run-script.ts'
import { identity } from './scripts.ts'

/** How Redis and Valkey refuse what the user of this connection may not run. */
const FORBIDDEN = /can't run this command|ACL failure|NOPERM/

/** Of a Cluster each key may lead to another server, so one answer does not settle a doubt: so many do. */
const MANY_CHECKS = 1000

/**
 * A link that tells when another server answers than before: a replica that took over, or one that was restarted. Only
 * after a break, or a command that failed, is a server asked who it is: before the next command, and before an answer that
 * was on its way is passed on, so that whoever judges the answer has been told.
 */
export function watchedLink(link: Link, isWatched: () => boolean, tell: () => void): Link {
  /** The process of each node, by the node; '' while it was not met. `null`: the server does not say who it is. */
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
      // Whoever may not ask is not told.
      if (FORBIDDEN.test(String(error))) known = null
    }
  }

  function passOn(answer: unknown, key: string): unknown {
    return isInDoubt() ? check(key).then(() => answer) : answer
  }

  function fail(error: unknown): never {
    checksLeft = MANY_CHECKS
    throw error
  }

  const ask = (args: string[], key: string): Promise<unknown> =>
    link.send(args, key).then((answer) => passOn(answer, key), fail)

  return { ...link, send: (args, key) => (isInDoubt() ? check(key).then(() => ask(args, key)) : ask(args, key)) }
}

function toTexts(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}
