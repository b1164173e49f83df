const NODE = '20.19'
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const [needed = 0, neededMinor = 0] = NODE.split('.').map(Number)
if (major < needed || (major === needed && minor < neededMinor)) {
  console.error(`This application needs Node ${NODE} or later. This is Node ${process.versions.node}.`)
  process.exit(1)
}

// Not before: an older Node fails while it loads these.
const { env } = await import('./env.ts')
const { start } = await import('./server.ts')
const { sessions } = await import('./sessions.ts')

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
