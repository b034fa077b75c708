/** What must be atomic of what Redis knows of a cluster apart from its places (cluster-index.ts). */
import { script } from "@warren/host/redis-link";

/**
 * Admits a message of a cluster by its revision, and its routes as far as there is room for them
 * (`withoutRoom` in ../quotas.ts). KEYS: the cluster, and the sizes of its routes by a digest of
 * their keys, and their `sum`: of those that are open, and of those that are shut. ARGV: revision or '', action, most routes, most bytes, ttl, then digest,
 * bytes, number of the namespace and kind (1 open, 2 shut) of each route. Answers {1 or 0, revision in
 * force or '', the places of those refused, from 0}.
 */
export const ADMIT = script(`
local had = redis.call('HGET', KEYS[1], 'revision')
local revision, action = ARGV[1], ARGV[2]
if revision == '' then
  revision = had or ''
else
  if had and tonumber(had) > tonumber(revision) then return {0, had, {}} end
  redis.call('HSET', KEYS[1], 'revision', revision)
  if action == 'sync' then redis.call('HSET', KEYS[1], 'sync', revision) end
end
local first, each = 6, 4
local isWhole = action == 'sync'
local kinds = {}
for kind = 1, 2 do
  local key = KEYS[kind + 1]
  kinds[kind] = {
    key = key, sizes = {},
    sum = tonumber(redis.call('HGET', key, 'sum') or '0'),
    count = math.max(0, redis.call('HLEN', key) - 1),
    most = kind * tonumber(ARGV[3]), mostBytes = kind * tonumber(ARGV[4]),
  }
end
local function kindOf(i) return tonumber(ARGV[i + 3]) end
local function sizeOf(own, digest)
  if own.sizes[digest] == nil then
    own.sizes[digest] = tonumber(redis.call('HGET', own.key, digest) or '') or false
  end
  return own.sizes[digest]
end
local function remove(own, digest)
  local size = sizeOf(own, digest)
  if not size then return end
  redis.call('HDEL', own.key, digest)
  own.sizes[digest] = false
  own.count, own.sum = own.count - 1, own.sum - size
end
local refused = {}
local function judge(i)
  local digest, bytes, own = ARGV[i], tonumber(ARGV[i + 1]), kinds[kindOf(i)]
  local before = not isWhole and sizeOf(own, digest)
  local more = bytes - (before or 0)
  if (not before and own.count >= own.most) or (more > 0 and own.sum + more > own.mostBytes) then
    refused[#refused + 1] = (i - first) / each
    return
  end
  if not before then own.count = own.count + 1 end
  own.sum = own.sum + more
  if sizeOf(own, digest) ~= bytes then redis.call('HSET', own.key, digest, ARGV[i + 1]) end
  own.sizes[digest] = bytes
  if not isWhole then remove(kinds[3 - kindOf(i)], digest) end
end
-- lists: what is there, then what is new
local function inTurns(lists)
  local turns, last = {}, {}
  for at = 1, 2 do
    for _, i in ipairs(lists[at]) do
      local namespace = ARGV[i + 2]
      local turn = (last[namespace] or 0) + 1
      last[namespace] = turn
      turns[turn] = turns[turn] or {{}, {}}
      local all = turns[turn][at]
      all[#all + 1] = i
    end
  end
  for _, turn in ipairs(turns) do
    for at = 1, 2 do
      for _, i in ipairs(turn[at]) do judge(i) end
    end
  end
end
if action == 'delete' then
  for i = first, #ARGV, each do
    for _, own in ipairs(kinds) do remove(own, ARGV[i]) end
  end
elseif isWhole then
  for _, own in ipairs(kinds) do own.wanted, own.lists = {sum = true}, {{}, {}} end
  for i = first, #ARGV, each do
    local own = kinds[kindOf(i)]
    own.wanted[ARGV[i]] = true
    local all = own.lists[sizeOf(own, ARGV[i]) and 1 or 2]
    all[#all + 1] = i
  end
  for _, own in ipairs(kinds) do
    for _, digest in ipairs(redis.call('HKEYS', own.key)) do
      if not own.wanted[digest] then remove(own, digest) end
    end
    own.most, own.mostBytes = math.max(own.most, own.count), math.max(own.mostBytes, own.sum)
    own.count, own.sum = 0, 0
    inTurns(own.lists)
  end
  for _, at in ipairs(refused) do
    local i = first + at * each
    local own = kinds[kindOf(i)]
    if sizeOf(own, ARGV[i]) then redis.call('HDEL', own.key, ARGV[i]) end
  end
else
  local new = {}
  for i = first, #ARGV, each do
    if sizeOf(kinds[kindOf(i)], ARGV[i]) then judge(i) else new[#new + 1] = i end
  end
  for _, i in ipairs(new) do judge(i) end
end
for _, own in ipairs(kinds) do
  if own.count > 0 then
    redis.call('HSET', own.key, 'sum', string.format('%.0f', own.sum))
    redis.call('PEXPIRE', own.key, ARGV[5])
  else
    redis.call('DEL', own.key)
  end
end
return {1, revision, refused}
`);

/**
 * Notes how many routes a cluster has in places, found by a message of a revision. A place with none
 * goes only while that message is in force and none newer has noted it: a flush takes the one or the
 * other. ARGV: revision or '', then field and count of each, kept as "COUNT REVISION".
 */
export const NOTE = script(`
local inForce = (redis.call('HGET', KEYS[1], 'revision') or '') == ARGV[1]
local revision = tonumber(ARGV[1]) or 0
for i = 2, #ARGV, 2 do
  local field, count = ARGV[i], ARGV[i + 1]
  local by = tonumber(string.match(redis.call('HGET', KEYS[1], field) or '', ' (%d+)$')) or 0
  if count ~= '0' then
    redis.call('HSET', KEYS[1], field, count .. string.format(' %.0f', math.max(by, revision)))
  elseif inForce and by <= revision then
    redis.call('HDEL', KEYS[1], field)
  end
end
return 1
`);

/** Admitted routes that are not there after all, or no longer. KEYS: the sizes. ARGV: digests. */
export const FREE = script(`
for _, key in ipairs(KEYS) do
  for i = 1, #ARGV do
    local size = redis.call('HGET', key, ARGV[i])
    if size then
      redis.call('HDEL', key, ARGV[i])
      redis.call('HINCRBY', key, 'sum', -tonumber(size))
    end
  end
end
return 1
`);
