import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import type { ScanPage } from '../../core/contracts/store.ts'
import { noCursor } from '../kit/ids.ts'
import type { Found } from '../kit/records.ts'
import type { Link } from './link.ts'
import { runScript, type Script, toScript } from './scripts.ts'

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
  const answer = await runScript(link, scanStep, `${prefix}@${number}`, [number, ...place, count])
  if (!Array.isArray(answer) || !Array.isArray(answer[4]))
    throw new SessionError('ERR_STORE', 'redis: the answer is not that of the scan script.')
  const [next, shape, process, at, ids] = answer
  const found = await Promise.all(ids.map((id) => read(id)))
  return {
    values: found.filter((value) => value !== null),
    next: next === '' ? null : [next, shape, process, at].join('.'),
  }
}

/**
 * One step through the keys of the node that it is sent to. The routing key is under the prefix. It determines the node, and it
 * shows how the server sees the prefix, because some clients put a prefix of their own before it.
 *
 * A cursor of SCAN is valid only in the process that returned it, so after a restart or a promotion the scan of that node begins
 * again. If slots of a Cluster moved, keys may have moved to nodes that were scanned already, so the whole scan begins again. A
 * prefix with a hash tag is in one slot, so one node has everything.
 *
 * KEYS: the routing key, prefix .. '@' .. number. ARGV: 1 that number, 2 the Cluster's shape and 3 the process of the cursor, 4
 * the cursor, 5 how many.
 *
 * Returns {number to continue with or '', shape, process, cursor, ids}.
 */
const SCAN = `
local prefix = string.sub(KEYS[1], 1, -#ARGV[1] - 2)
local process = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local shape, ranges, nodes = '', {}, {}

local function owner(number)
  local slot = redis.call('CLUSTER', 'KEYSLOT', prefix .. '@' .. number)
  for _, range in ipairs(ranges) do
    if slot >= range[1] and slot <= range[2] then return range[3][3] end
  end
end

local function numberOf(node)
  for number = 0, 1000000 do
    if owner(number) == node then return tostring(number) end
  end
  return error('no key leads to a node')
end

local isTagged = string.find(prefix, '^[^{]*{[^}]+}')
if not isTagged and string.find(redis.call('INFO', 'cluster'), 'cluster_enabled:1', 1, true) then
  ranges = redis.call('CLUSTER', 'SLOTS')
  local lines, known = {}, {}
  for _, range in ipairs(ranges) do
    local node = range[3][3]
    lines[#lines + 1] = range[1] .. '-' .. range[2] .. ' ' .. node
    if not known[node] then nodes[#nodes + 1] = node end
    known[node] = true
  end
  table.sort(nodes)
  table.sort(lines)
  shape = redis.sha1hex(table.concat(lines, ','))
  if shape ~= ARGV[2] then return {numberOf(nodes[1]), shape, '', '0', {}} end
end

local cursor = process == ARGV[3] and ARGV[4] or '0'
local pattern = string.gsub(prefix, '[*?%[%]\\\\]', '\\\\%0') .. '*'
local count = tonumber(ARGV[5])
local ids = {}
for _ = 1, math.ceil(1000 / count) do
  local found = redis.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', ARGV[5])
  cursor = found[1]
  for _, key in ipairs(found[2]) do
    local id = string.sub(key, #prefix + 1)
    if #id <= 64 and string.find(id, '^[%w_-]+$') then ids[#ids + 1] = id end
  end
  if cursor == '0' or #ids >= count then break end
end
if cursor ~= '0' then return {ARGV[1], shape, process, cursor, ids} end

local here = shape ~= '' and owner(ARGV[1])
for _, node in ipairs(nodes) do
  if node > here then return {numberOf(node), shape, '', '0', ids} end
end
return {'', shape, '', '0', ids}
`

const scanStep: Script = toScript(SCAN)
