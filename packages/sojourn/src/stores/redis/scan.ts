import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import type { ScanPage } from '../../core/contracts/store.ts'
import { noCursor } from '../kit/ids.ts'
import type { Found } from '../kit/records.ts'
import type { Link } from './link.ts'
import { runScript } from './run-script.ts'
import { scan } from './scan-script.ts'

/** The cursor of the script without the ids: number of the routing key, shape, process, cursor. */
const CURSOR = /^(\d{1,7})\.([0-9a-f]{40}|)\.([0-9a-f]{40}|)\.(\d{1,20})$/
const BEGINNING = '0...0'

/** Keys per step: few enough that other requests are served in between. */
const MOST = 200

type Read = (id: SessionId) => Promise<Found | null>

/** Returns one page of everything under the prefix. The cursor leads to the ids, and `read` reads the records. */
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
  if (!Array.isArray(answer) || !Array.isArray(answer[4]))
    throw new SessionError('ERR_STORE', 'redis: the answer is not that of the scan script.')
  const [next, shape, process, at, ids] = answer
  const found = await Promise.all(ids.map((id) => read(id)))
  return {
    values: found.filter((value) => value !== null),
    next: next === '' ? null : [next, shape, process, at].join('.'),
  }
}
