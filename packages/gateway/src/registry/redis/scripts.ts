/**
 * What must be atomic, one key each or two of one slot, so that it also holds on a Redis Cluster. All
 * times are Redis's own, so that gateways with different clocks agree on who lives.
 *
 * A place (host pattern, or `tcp:PORT`) is one hash, and never expires as a whole: its claim stays.
 * - `g` group, `c` the claim as JSON, `v` version: grows with every change, also over a release
 * - `x CLUSTER`: "until revision changedRevision changedAt since", until when its routes live
 * - `r CLUSTER KEY`: a route as JSON
 * - `u`: "since CLUSTER NAMESPACE" of the last route, once that is taken back
 * - `w`: "since CLUSTER" of whose routes went with it and are not here again, no CLUSTER for several
 */
import { script } from "@warren/host/redis-link";
import { AWAY_MS } from "../spare-claims.ts";

const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function text(n) return string.format('%.0f', n) end
`;
const PRUNE = `
local removed = {}
local function remove(field)
  local value = redis.call('HGET', KEYS[1], field)
  if value then
    removed[#removed + 1] = value
    redis.call('HDEL', KEYS[1], field)
  end
  return value
end
local function drop(cluster)
  local head = 'r ' .. cluster .. ' '
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, #head) == head then remove(field) end
  end
  redis.call('HDEL', KEYS[1], 'x ' .. cluster)
end
local function awaited()
  local at, who = string.match(redis.call('HGET', KEYS[1], 'w') or '', '^(%d+) (.*)$')
  return tonumber(at), who
end
local function lapse(cluster, since)
  local at, who = awaited()
  if at and who ~= cluster and since - at < ${AWAY_MS} then cluster = '' end
  redis.call('HSET', KEYS[1], 'w', text(math.max(since, at or 0)) .. ' ' .. cluster)
end
local function prune()
  local pruned = false
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    local till = string.sub(all[i], 1, 2) == 'x ' and tonumber(string.match(all[i + 1], '^%d+'))
    if till and till <= now then
      local cluster, had = string.sub(all[i], 3), #removed
      drop(cluster)
      if #removed > had then lapse(cluster, till) end
      pruned = true
    end
  end
  return pruned
end
local function settle(cluster)
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 2) == 'r ' then return redis.call('HDEL', KEYS[1], 'u') end
  end
  if #removed == 0 then return end
  local namespace = cjson.decode(removed[#removed]).namespace
  redis.call('HSET', KEYS[1], 'u', text(now) .. ' ' .. cluster .. ' ' .. namespace)
end
local function bump()
  local v = tonumber(redis.call('HGET', KEYS[1], 'v') or '0')
  v = math.max(v + 1, now)
  redis.call('HSET', KEYS[1], 'v', text(v))
end
`;

/**
 * Writes one cluster's routes of a place. A claim that is borrowed gives way, with its routes, to one
 * that is not.
 * ARGV: cluster, group, claim, token id, ttl, revision or '', mode (replace, merge, remove), then
 * key and route of each (keys alone to remove).
 * Answers {status (ok, taken, stale), changed, now, the fields, the routes removed, and where a claim
 * gave way its group and the fields of its routes}.
 */
export const WRITE = script(`${NOW}${PRUNE}
local cluster, group, claim, token = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local ttl, revision, mode = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local owner = redis.call('HGET', KEYS[1], 'g')
local adds = mode ~= 'remove' and #ARGV > 7
local function isBorrowed(json) return string.find(json, '"borrowed":true', 1, true) ~= nil end
local gives = adds and not isBorrowed(claim) and isBorrowed(redis.call('HGET', KEYS[1], 'c') or '')
local left = owner and owner ~= group
if left and not gives then return {'taken', 0, text(now), {}, {}} end
local gave = {}
if left then
  gave[1] = owner
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 2) == 'r ' then gave[#gave + 1] = field end
  end
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 2) == 'x ' then drop(string.sub(field, 3)) end
  end
  redis.call('HDEL', KEYS[1], 'w')
  owner = false
end
if not owner and not adds then return {'ok', 0, text(now), {}, {}} end
local x = redis.call('HGET', KEYS[1], 'x ' .. cluster)
local kept, changedRevision, changedAt, since
if x then
  local rest
  kept, changedRevision, changedAt, since = string.match(x, '^%d+ (%d+) (%d+) (%d+) (%d+)')
  if revision ~= '' and tonumber(revision) < tonumber(kept) then return {'stale', 0, text(now), {}, {}} end
end
if revision == '' then revision = kept or '0' end
local changed = prune()
local mine = false
if adds and not owner then
  redis.call('HSET', KEYS[1], 'g', group, 'c', claim, 'k', token)
  changed = true
elseif adds then
  redis.call('HSET', KEYS[1], 'k', token)
  if gives then
    redis.call('HSET', KEYS[1], 'c', claim)
    changed = true
  end
end
local head = 'r ' .. cluster .. ' '
if mode == 'remove' then
  for i = 8, #ARGV do
    if remove(head .. ARGV[i]) then mine = true end
  end
else
  local wanted = {}
  for i = 8, #ARGV, 2 do
    local field = head .. ARGV[i]
    wanted[field] = true
    if redis.call('HGET', KEYS[1], field) ~= ARGV[i + 1] then
      redis.call('HSET', KEYS[1], field, ARGV[i + 1])
      mine = true
    end
  end
  if mode == 'replace' then
    for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
      if string.sub(field, 1, #head) == head and not wanted[field] then
        remove(field)
        mine = true
      end
    end
  end
end
if mine or not since then changedRevision, changedAt = revision, text(now) end
redis.call('HSET', KEYS[1], 'x ' .. cluster,
  table.concat({text(now + ttl), revision, changedRevision, changedAt, since or text(now)}, ' '))
settle(cluster)
local _, who = awaited()
if who == cluster and (adds or mode == 'replace') then redis.call('HDEL', KEYS[1], 'w') end
if mine or changed then bump() end
return {'ok', (mine or changed) and 1 or 0, text(now), redis.call('HGETALL', KEYS[1]), removed, gave}
`);

/** {now, the fields}. The reader leaves out what has expired by `now`. */
export const READ = script(`${NOW}
return {text(now), redis.call('HGETALL', KEYS[1])}
`);

/** ARGV: cluster, ttl. Answers 0 (not here), 1 (renewed) or 2 (and another has expired). */
export const RENEW = script(`${NOW}${PRUNE}
local x = redis.call('HGET', KEYS[1], 'x ' .. ARGV[1])
if not x or tonumber(string.match(x, '^%d+')) <= now then return 0 end
redis.call('HSET', KEYS[1], 'x ' .. ARGV[1],
  text(now + tonumber(ARGV[2])) .. string.match(x, '^%d+( .*)$'))
if prune() then bump() return 2 end
return 1
`);

/**
 * Takes a cluster's routes away if they are older than ARGV 2. ARGV: cluster, revision. The routes
 * removed. The place waits for the cluster: its newer message may be about to write it.
 */
export const WITHDRAW = script(`${NOW}${PRUNE}
local x = redis.call('HGET', KEYS[1], 'x ' .. ARGV[1])
if not x or tonumber(string.match(x, '^%d+ (%d+)')) >= tonumber(ARGV[2]) then return {} end
drop(ARGV[1])
if #removed > 0 then lapse(ARGV[1], now) end
bump()
return removed
`);

/**
 * Gives a place up, if ARGV 1 is '' or its token and no other cluster has routes, and if ARGV 2 is ''
 * or its group, nobody has routes and it waits for no cluster but ARGV 3. The fields; in the last case
 * 'served' alone where that is not so.
 */
export const RELEASE = script(`${NOW}${PRUNE}
if redis.call('HEXISTS', KEYS[1], 'c') == 0 then return {} end
if ARGV[2] ~= '' then
  if redis.call('HGET', KEYS[1], 'g') ~= ARGV[2] then return {} end
  if prune() then bump() end
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 2) == 'r ' then return {'served'} end
  end
  local at, who = awaited()
  if at and now - at < ${AWAY_MS} and (who == '' or who ~= ARGV[3]) then return {'served'} end
elseif ARGV[1] ~= '' then
  if redis.call('HGET', KEYS[1], 'k') ~= ARGV[1] then return {} end
  prune()
  local owner = cjson.decode(redis.call('HGET', KEYS[1], 'c')).clusterUuid
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 2) == 'x ' and string.sub(field, 3) ~= owner then return {} end
  end
end
local all = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
return all
`);

/**
 * The string at `route:HOST:PATH`, unless a newer version of the place has written it.
 * ARGV: version, ttl, JSON or '' to remove.
 */
export const DERIVE = script(`
local had = redis.call('GET', KEYS[1])
local v = had and string.match(had, '"Version":(%d+)}$')
if v and tonumber(v) > tonumber(ARGV[1]) then return 0 end
if ARGV[3] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
return 1
`);

/**
 * Names hosts that a group holds, as long as there are no more than ARGV 1. KEYS: the names, and what
 * of them is unused, which these are no longer. Answers the others.
 */
export const CLAIM = script(`
local count, refused = redis.call('SCARD', KEYS[1]), {}
for i = 2, #ARGV do
  redis.call('HDEL', KEYS[2], ARGV[i])
  if redis.call('SISMEMBER', KEYS[1], ARGV[i]) == 0 then
    if count >= tonumber(ARGV[1]) then
      refused[#refused + 1] = ARGV[i]
    else
      redis.call('SADD', KEYS[1], ARGV[i])
      count = count + 1
    end
  end
end
return refused
`);

/**
 * Takes the hints that still say the same. KEYS: what is unused. ARGV: host and what was said of it,
 * of each. Answers those, which are then to be given up, and named until they are.
 */
export const GIVE = script(`
local given = {}
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HDEL', KEYS[1], ARGV[i])
    given[#given + 1] = ARGV[i]
  end
end
return given
`);

/**
 * A public port: the one wanted, the one that the owner had if the range still has it, or the first
 * free one. Each is kept with "GROUP OWNER". ARGV: owner, port wanted or '', from, to, group, most
 * ports of a group. Answers the port, 'full', or '' when none is free.
 */
export const TAKE_PORT = script(`
local wanted, head = ARGV[2], ARGV[5] .. ' '
local from, to = tonumber(ARGV[3]), tonumber(ARGV[4])
local all, count = redis.call('HGETALL', KEYS[1]), 0
for i = 1, #all, 2 do
  local port = tonumber(all[i])
  if all[i] == wanted then return wanted end
  if wanted == '' and all[i + 1] == head .. ARGV[1] and port >= from and port <= to then
    return all[i]
  end
  if string.sub(all[i + 1], 1, #head) == head then count = count + 1 end
end
if count >= tonumber(ARGV[6]) then return 'full' end
if wanted ~= '' then
  redis.call('HSET', KEYS[1], wanted, head)
  return wanted
end
for port = from, to do
  if redis.call('HSETNX', KEYS[1], string.format('%.0f', port), head .. ARGV[1]) == 1 then
    return string.format('%.0f', port)
  end
end
return ''
`);

/** Makes or reads the identity of this Redis's content. ARGV: a new epoch. {epoch, version}. */
export const IDENTIFY = script(`
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1])
return {redis.call('HGET', KEYS[1], 'epoch'), redis.call('HGET', KEYS[1], 'n') or '0'}
`);

/** Numbers a change and tells it to all. ARGV: channel, JSON object without its end. */
export const ANNOUNCE = script(`
local n = redis.call('HINCRBY', KEYS[1], 'n', 1)
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ',"n":' .. string.format('%.0f', n) .. '}')
return n
`);

/** Keeps fields alive. ARGV: ttl, then field and value of each. */
export const KEEP_ALIVE = script(`${NOW}
for i = 2, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], text(now + tonumber(ARGV[1])) .. ' ' .. ARGV[i + 1])
end
redis.call('PERSIST', KEYS[1])
return 1
`);

/** Fields that are alive, without the time; the others go. */
export const ALIVE = script(`${NOW}
local all, alive = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local till, value = string.match(all[i + 1], '^(%d+) (.*)$')
  if tonumber(till) > now then
    alive[#alive + 1] = all[i]
    alive[#alive + 1] = value
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return alive
`);
