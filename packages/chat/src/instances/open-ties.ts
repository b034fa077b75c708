import { BREAKERS, randomId } from "@warren/host";
import type { ChatDeps } from "../chat-deps.ts";
import type { ChatConfig } from "../config.ts";
import { memoryLimits } from "../connections/memory-limits.ts";
import type { Limits } from "../connections/ports.ts";
import { sharedLimits } from "../connections/shared-limits.ts";
import type { Guards } from "../guards.ts";
import type { FanOut, Heard } from "../live/fan-out.ts";
import { MemoryFanOuts } from "../live/memory-fan-out.ts";
import { NO_HINTS } from "../live/no-hints.ts";
import { memoryDirectory } from "../store/memory/memory-directory.ts";
import type { Store } from "../store/store.ts";
import type { Directory } from "./directory.ts";
import type { InstanceEvents } from "./events.ts";

/** What an instance has in common with the others of its cluster, besides the store. */
export interface Ties extends AsyncDisposable {
  /** To be opened once. */
  fanOut(heard: Heard): FanOut;
  readonly directory: Directory;
  readonly limits: Limits;
}

export interface TiesOptions {
  config: Pick<ChatConfig, "redis" | "rates">;
  store: Pick<Store, "isShared" | "limiter">;
  guards: Guards;
  deps: Pick<ChatDeps, "clock" | "random">;
  events: InstanceEvents;
}

/** By Redis where there is one; else by the store, or by nothing where there are no others. Waits for nobody. */
export async function openTies(options: TiesOptions): Promise<Ties> {
  const { config, store, events } = options;
  if (config.redis !== undefined) return redisTies(options, config.redis);
  if (store.isShared) events.withoutRedis();
  const { limiter } = store;
  return {
    fanOut: (heard) => (store.isShared ? NO_HINTS : new MemoryFanOuts().open(heard, events)),
    directory: memoryDirectory(),
    limits:
      limiter === undefined ? memoryLimits(config.rates) : sharedLimits(config.rates, limiter),
    async [Symbol.asyncDispose]() {},
  };
}

async function redisTies(
  { config, store, guards, deps, events }: TiesOptions,
  place: NonNullable<ChatConfig["redis"]>,
): Promise<Ties> {
  // Loading its client is for those who have one.
  const [
    { GuardedLink },
    { classifyRedis },
    { RedisFanOut },
    { redisDirectory },
    { redisLimiter },
  ] = await Promise.all([
    import("../redis/guarded-link.ts"),
    import("../redis/classify-redis.ts"),
    import("../redis/redis-fan-out.ts"),
    import("../redis/redis-directory.ts"),
    import("../redis/redis-limiter.ts"),
  ]);
  const { clock, random } = deps;
  await using opened = new AsyncDisposableStack();
  const guard = guards("redis", BREAKERS.redis, classifyRedis);
  const failed = (cause: unknown) => events.redisFailed(cause);
  const link = opened.use(new GuardedLink({ place, clock, random, guard, failed }));
  const directory = opened.use(redisDirectory({ link, clock }));
  const owned = opened.move();
  const instance = randomId(9);
  return {
    fanOut: (heard) =>
      store.isShared
        ? owned.use(new RedisFanOut({ link, clock, instance, heard, events }))
        : new MemoryFanOuts().open(heard, events),
    directory,
    limits: sharedLimits(config.rates, redisLimiter(link)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
