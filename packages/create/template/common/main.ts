import { env } from './env.ts'
import { start } from './server.ts'
import { sessions } from './sessions.ts'

// Fails now, and not at the first login, if the store cannot be reached.
await sessions.setup()

const { port, stop } = await start(Number(env.PORT || 3000))
console.log(`http://localhost:${port}`)

async function shutDown(): Promise<void> {
  // A request that takes longer is cut off.
  setTimeout(() => process.exit(1), 10_000).unref()
  await stop()
  await sessions.close()
}

process.once('SIGINT', shutDown)
process.once('SIGTERM', shutDown)
