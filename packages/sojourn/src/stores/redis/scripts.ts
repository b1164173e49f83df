import { hash } from 'node:crypto'
import type { Link } from './link.ts'

export interface Script {
  readonly text: string
  readonly sha: string
}

/**
 * Applies one change to one live record. Scripts run one at a time. User data is handled as bytes: it is split at line ends and
 * joined again, never decoded.
 *
 * KEYS: the record. ARGV: 1 version or '', 2 head or '', 3 the version after it, 4 last seen or '', 5 expires, 6 ms to keep, 7
 * indexed until or '', 8 '', 'absent' or 'text', 9 key and 10 text that are expected, 11 how many keys to set, then key and text
 * each, then keys to remove.
 *
 * Returns 0 written, {1, tombstone?} gone, {2, record} conflict, {3, user} index the user first: changes nothing.
 */
const WRITE = `
local text = redis.call('GET', KEYS[1])
if not text then return {1} end
if string.sub(text, 1, 2) == '1E' then return {1, text} end
local created, seen, expires, indexed, version, user, head, rest =
  string.match(text, '^1L(%S+) (%S*) (%S+) (%S*) (%S+)\\n([^\\n]*)\\n([^\\n]*)()')
if not rest then return redis.error_reply('ERR the record is damaged or of a later version') end
local data = string.sub(text, rest)

local function time(t)
  if string.sub(t, 1, 1) == '.' then return tonumber(string.sub(t, 2)) end
  return tonumber(t, 36)
end

if ARGV[8] ~= '' then
  local _, tab = string.find(data, '\\n' .. ARGV[9] .. '\\t', 1, true)
  local held = tab and string.match(data, '^[^\\n]*', tab + 1)
  if ARGV[8] == 'absent' then
    if held then return {2, text} end
  elseif held ~= ARGV[10] then
    return {2, text}
  end
end
if (ARGV[2] ~= '' or ARGV[4] ~= '') and ARGV[1] ~= version then return {2, text} end

local fresh = ARGV[4] ~= '' and time(ARGV[4]) >= time(seen == '' and created or seen)
if fresh and user ~= '' and time(ARGV[5]) > time(indexed) * 1000 then
  if ARGV[7] == '' then return {3, user} end
  indexed = ARGV[7]
end
local edits = #ARGV > 11
if not fresh and ARGV[2] == '' and not edits then return 0 end

if fresh then seen, expires = ARGV[4], ARGV[5] end
if ARGV[2] ~= '' then head, version = ARGV[2], ARGV[3] end
if edits then
  local changes, order, parts = {}, {}, {}
  local lastSet = 11 + 2 * ARGV[11]
  for i = 12, lastSet, 2 do
    order[#order + 1] = ARGV[i]
    changes[ARGV[i]] = ARGV[i + 1]
  end
  for i = lastSet + 1, #ARGV do changes[ARGV[i]] = false end
  for key, value in string.gmatch(data, '\\n([^\\t]*)\\t([^\\n]*)') do
    local change = changes[key]
    if change == nil then change = value end
    if change then parts[#parts + 1] = '\\n' .. key .. '\\t' .. change end
    changes[key] = false
  end
  for _, key in ipairs(order) do
    if changes[key] then parts[#parts + 1] = '\\n' .. key .. '\\t' .. changes[key] end
  end
  data = table.concat(parts)
end

text = '1L' .. created .. ' ' .. seen .. ' ' .. expires .. ' ' .. indexed .. ' ' .. version
  .. '\\n' .. user .. '\\n' .. head .. data
if fresh then
  redis.call('SET', KEYS[1], text, 'PX', ARGV[6])
else
  redis.call('SET', KEYS[1], text, 'KEEPTTL')
end
return 0
`

/**
 * KEYS: the record. ARGV: the tombstone, ms to keep. Returns the record's last state, {tombstone} of one that ended before, or
 * nil. A record that cannot be read is ended too. Its state is '' if the key does not hold a text.
 *
 * The script deletes first, because a full server refuses to set, but not once the script has deleted something. If it refuses
 * nevertheless, the session is ended without a tombstone.
 */
const END = `
local text = redis.pcall('GET', KEYS[1])
if not text then return false end
if type(text) == 'table' then
  if not string.find(text.err, 'WRONGTYPE', 1, true) then return text end
  text = ''
end
if string.sub(text, 1, 2) == '1E' then return {text} end
redis.call('DEL', KEYS[1])
redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return text
`

/** Undoes a creation that was not acknowledged. KEYS: the record. ARGV: its text, so that another's record is not deleted. */
const UNDO = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`

/**
 * KEYS: a user's index. ARGV: session id, seconds to keep it. Uses the server's clock: an application server with a wrong clock
 * must not remove entries of others.
 */
const ENTER = `
local now = tonumber(redis.call('TIME')[1])
local seconds = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', now + seconds), ARGV[1])
if redis.call('TTL', KEYS[1]) < seconds then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return 0
`

/** KEYS: a user's index, or what other software put there. ARGV: for each session its id and the seconds to keep it. */
const RESTORE = `
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then redis.call('DEL', KEYS[1]) end
local now = tonumber(redis.call('TIME')[1])
for i = 1, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', now + tonumber(ARGV[i + 1])), ARGV[i])
  if redis.call('TTL', KEYS[1]) < tonumber(ARGV[i + 1]) then redis.call('EXPIRE', KEYS[1], ARGV[i + 1]) end
end
return 0
`

/**
 * Returns the server that has the key: {node, process}. The node is '' unless this is a Cluster. ARGV: '1' to include all masters
 * of the Cluster.
 */
const IDENTITY = `
local process = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if not string.find(redis.call('INFO', 'cluster'), 'cluster_enabled:1', 1, true) then return {'', process} end
local found = {redis.call('CLUSTER', 'MYID'), process}
if ARGV[1] == '1' then
  for _, range in ipairs(redis.call('CLUSTER', 'SLOTS')) do found[#found + 1] = range[3][3] end
end
return found
`

export function toScript(text: string): Script {
  return { text, sha: hash('sha1', text, 'hex') }
}

export const write: Script = toScript(WRITE)
export const end: Script = toScript(END)
export const undo: Script = toScript(UNDO)
export const enter: Script = toScript(ENTER)
export const restore: Script = toScript(RESTORE)
export const identity: Script = toScript(IDENTITY)

/**
 * Takes one round trip, except for the first run on a server that does not have the script: a new, restarted, flushed or promoted
 * one.
 */
export function runScript(link: Link, script: Script, key: string, args: readonly string[]): Promise<unknown> {
  return link.send(['evalsha', script.sha, '1', key, ...args], key).catch((error: unknown) => {
    // The server ran nothing, so this is not a second run.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return link.send(['eval', script.text, '1', key, ...args], key)
  })
}
