import { fileSink } from '../../../src/events/audit-log/file.ts'
import { auditLog } from '../../../src/events/audit-log.ts'
import { createSessions } from '../../../src/index.ts'

/** Logs one login after the other in a file, until it is killed. Arguments: the file, the key. */
const [path = '', key = ''] = process.argv.slice(2)
const sessions = createSessions({ warn: () => undefined })
const log = auditLog(sessions, { sink: fileSink({ path, rotateBytes: 20_000 }), keys: [key] })
const view = { method: 'POST', url: '/', secure: true, peer: null, header: () => null }

async function login(user: string): Promise<void> {
  const exchange = await sessions.open(view)
  await exchange.session.login(user)
  await exchange.commit()
}

for (let stored = 10; ; stored += 10) {
  await Promise.all(Array.from({ length: 10 }, (_, i) => login(`user${i}`)))
  await log.flush()
  console.log(`stored ${stored}`)
}
