import { type Script, toScript } from './scripts.ts'

/**
 * One step through the keys of the node that it is sent to. The routing key is under the prefix and says two things: which
 * node, and how the prefix looks in the server, for some clients put one of their own before it.
 *
 * A cursor of SCAN is good in the process that gave it: the promoted, or restarted, begin anew. When a Cluster's slots
 * changed hands, keys may have gone where the scan has been already, so all of it begins anew. A prefix with a hash tag is in
 * one slot, so one node has it all.
 *
 * KEYS: the routing key, prefix .. '@' .. number. ARGV: 1 that number, 2 the Cluster's shape and 3 the process that the
 * cursor is of, 4 the cursor, 5 how many.
 *
 * Answers {number to go on with or '', shape, process, cursor, ids}.
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

export const scan: Script = toScript(SCAN)
