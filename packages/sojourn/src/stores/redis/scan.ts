import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import type { ScanPage } from '../../core/contracts/store.ts'
import { noCursor } from '../kit/ids.ts'
import type { Found } from '../listed.ts'
import type { Link } from './link.ts'
import { runScript } from './run-script.ts'
import { scan } from './scan-script.ts'

/** As the script has them, but for the ids: number of the routing key, shape, process, cursor. */
const CURSOR = /^(\d{1,7})\.([0-9a-f]{40}|)\.([0-9a-f]{40}|)\.(\d{1,20})$/
const BEGINNING = '0...0'

/** Asked for in one go: few enough that other requests get their turn in between. */
const MOST = 200

type Read = (id: SessionId) => Promise<Found | null>

/** One page of everything under the prefix. The ids come from where the cursor leads, the records by `read`. */
export async function scanPage(
  link: Link,
  prefix: string,
  read: Read,
  cursor: string | null,
  limit: number,
): Promise<ScanPage> {
  const [, number = '', ...place] = CURSOR.exec(cursor ?? BEGINNING) ?? []
  if (number === '') throw noCursor('redis')
  const count = String(Math.min(limit, MOST))
  const answer = await runScript(link, scan, `${prefix}@${number}`, [number, ...place, count])
  if (!Array.isArray(answer) || !Array.isArray(answer[4])) throw new SessionError('ERR_STORE', 'redis: not a scan.')
  const [next, shape, process, at, ids] = answer
  const found = await Promise.all(ids.map((id) => read(id)))
  return {
    values: found.filter((value) => value !== null),
    next: next === '' ? null : [next, shape, process, at].join('.'),
  }
}
