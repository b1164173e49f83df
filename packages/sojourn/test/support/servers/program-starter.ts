/** Starts a program that obeys no polite signal, and one that is paused too; says their ports, and waits to be killed. */
import { accepts, freePort, launch, type Running } from './program.ts'

async function start(port: number): Promise<Running> {
  const program = `for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => {})
require('node:net').createServer().listen(${port}, '127.0.0.1')`
  return launch(process.execPath, { args: ['-e', program], isReady: () => accepts(port) })
}

const ports = [await freePort(), await freePort()] as const
await start(ports[0])
const paused = await start(ports[1])
paused.pause()
console.log(`ports ${ports.join(' ')}`)
