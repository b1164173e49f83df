import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Proxy as NetworkProxy } from '../support/servers/proxy.ts'

export const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Cuts connections in the middle of replies, one after another, each at another place. */
export async function cutOften(proxy: NetworkProxy, times = 30): Promise<void> {
  for (let n = 0; n < times; n++) {
    proxy.cutReplyAfter((n * 7) % 40)
    await later(25)
  }
  proxy.heal()
}

/** The process and those that it started, as PostgreSQL has one for each connection. */
async function treeOf(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('pgrep', ['-P', `${pid}`]).catch(() => ({ stdout: '' }))
  const children = stdout.split('\n').filter(Boolean).map(Number)
  return [pid, ...(await Promise.all(children.map(treeOf))).flat()]
}

export async function signalTree(pid: number | undefined, signal: NodeJS.Signals): Promise<void> {
  if (pid === undefined) throw new Error('The server is not running.')
  for (const each of await treeOf(pid)) {
    try {
      process.kill(each, signal)
    } catch {
      // Gone already.
    }
  }
}
