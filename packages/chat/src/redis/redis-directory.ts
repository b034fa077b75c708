import { wait, type Clock } from "@warren/host";
import type { Directory, Place } from "../instances/directory.ts";
import { memoryDirectory, type OwnPlaces } from "../store/memory/memory-directory.ts";
import { script } from "@warren/host/redis-link";
import type { GuardedLink } from "./guarded-link.ts";

/** How long an entry lives without being renewed, and how often it is. */
const LIFE_MS = 75_000;
const RENEW_MS = 30_000;
/** Users of one renewal that are under way at once. */
const BATCH = 200;

export interface RedisDirectoryOptions {
  link: GuardedLink;
  clock: Clock;
}

/**
 * The directory in Redis: `conn:{USER}`, a field for each device: "TILL EPOCH CONNECTION JSON", times as
 * Redis has them. Whoever looks leaves out what has not been renewed.
 */
export function redisDirectory({ link, clock }: RedisDirectoryOptions): Directory {
  const own = memoryDirectory();
  const closing = new AbortController();
  const renewing = renew(own, { link, clock }, closing.signal);
  return {
    enter(userId, place) {
      own.enter(userId, place);
      quietly(enter(link, userId, [place]));
    },
    leave(userId, place) {
      own.leave(userId, place);
      quietly(link.run(LEAVE, keyOf(userId), [place.deviceId, place.connectionId]));
    },
    async of(userId) {
      try {
        const found = (await link.run(ALIVE, keyOf(userId), [])) as string[];
        return found.map((text) => JSON.parse(text) as Place);
      } catch {
        return own.of(userId);
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await renewing;
      const all = [...own.all()].flatMap(([userId, places]) =>
        places.map((place) => link.run(LEAVE, keyOf(userId), [place.deviceId, place.connectionId])),
      );
      await Promise.allSettled(all);
    },
  };
}

/** Nobody waits for it, and the guard has said what failed: the next renewal says it again. */
function quietly(work: Promise<unknown>): void {
  work.catch(() => {});
}

async function renew(
  own: OwnPlaces,
  { link, clock }: RedisDirectoryOptions,
  signal: AbortSignal,
): Promise<void> {
  while (await wait(clock, RENEW_MS, signal)) {
    const all = [...own.all()];
    for (let at = 0; at < all.length && !signal.aborted; at += BATCH) {
      const some = all.slice(at, at + BATCH);
      await Promise.allSettled(some.map(([userId, places]) => enter(link, userId, places)));
    }
  }
}

function enter(link: GuardedLink, userId: string, places: readonly Place[]): Promise<unknown> {
  const fields = places.flatMap((place) => [
    place.deviceId,
    String(place.epoch),
    place.connectionId,
    JSON.stringify(place),
  ]);
  return link.run(ENTER, keyOf(userId), [String(LIFE_MS), ...fields]);
}

/** The braces keep nothing together on a Cluster but the name of the user itself. */
function keyOf(userId: string): string {
  return `conn:{${userId}}`;
}

const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local pattern = '^(%d+) (%d+) (%S+) (.*)$'
`;

/** ARGV: life, then device, epoch, connection and JSON of each. An older connection replaces no newer one. */
const ENTER = script(`${NOW}
for i = 2, #ARGV, 4 do
  local had = redis.call('HGET', KEYS[1], ARGV[i])
  local till, epoch
  if had then till, epoch = string.match(had, pattern) end
  if not till or tonumber(till) <= now or tonumber(epoch) <= tonumber(ARGV[i + 1]) then
    local text = string.format('%.0f %s %s %s', now + ARGV[1], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
    redis.call('HSET', KEYS[1], ARGV[i], text)
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`);

/** ARGV: device, connection. A newer connection of the device stays. */
const LEAVE = script(`${NOW}
local had = redis.call('HGET', KEYS[1], ARGV[1])
local till, epoch, connection
if had then till, epoch, connection = string.match(had, pattern) end
if connection == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 1
`);

/** JSON of each that lives; the others go. */
const ALIVE = script(`${NOW}
local all, alive = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local till, epoch, connection, json = string.match(all[i + 1], pattern)
  if till and tonumber(till) > now then alive[#alive + 1] = json
  else redis.call('HDEL', KEYS[1], all[i]) end
end
return alive
`);
