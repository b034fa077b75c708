import { randomId, wallClock, type Clock } from "@warren/host";
import type { RedisPlace } from "@warren/host/redis-link";
import type { GatewayConfig } from "./config.ts";
import type { Events } from "./events.ts";
import { KeptFile } from "./kept.ts";
import type { Registry } from "./ports.ts";
import { memoryRegistry } from "./registry/memory.ts";

/** Where the Redis of a configuration is. */
export function redisPlace({
  cluster,
  urls,
}: Extract<GatewayConfig["registry"], { kind: "redis" }>): RedisPlace {
  return cluster
    ? { kind: "cluster", urls }
    : { kind: "single", url: urls[0] ?? "redis://127.0.0.1:6379" };
}

/** Life of routes without a heartbeat (DESIGN §4). */
const ROUTE_TTL_MS = 300_000;
/** A gateway that starts waits so long for Redis; then it starts without. */
const FIRST_ANSWER_MS = 2_000;

interface OpenRegistryDeps {
  owned: AsyncDisposableStack;
  keeps: () => boolean;
  clock: Clock;
  /** Ends the waiting for Redis. */
  signal: AbortSignal;
}

/**
 * Opens the registry that the configuration asks for; `owned` closes it. One on Redis is open once Redis
 * has answered: a gateway that joins others would refuse its first requests for hosts that all others
 * know. It waits no longer than 2 s, since it serves its own agents without Redis. Once `keeps` is false
 * the data folder is left alone: a successor may keep its own state there.
 */
export async function openRegistry(
  config: Pick<GatewayConfig, "dataFolder" | "id" | "quotas" | "registry" | "tcpPorts">,
  events: Pick<Events, "broke" | "registryAway" | "registryBack">,
  { owned, keeps, clock, signal }: OpenRegistryDeps,
): Promise<Registry> {
  const { quotas, registry, tcpPorts } = config;
  const ports = tcpPorts === undefined ? undefined : { from: tcpPorts.from, to: tcpPorts.to };
  if (registry.kind === "redis") {
    const place = redisPlace(registry);
    // Loaded where it is asked for: Redis's client is half of what a command of warren would load.
    const { REDIS_REGISTRY_DEFAULTS, startRedisRegistry } =
      await import("./registry/redis/redis-registry.ts");
    const answered = Promise.withResolvers<void>();
    const opened = startRedisRegistry({
      ...REDIS_REGISTRY_DEFAULTS,
      place,
      ports,
      quotas,
      gatewayId: config.id,
      clock,
      wallClock,
      random: Math.random,
      newId: () => randomId(16, "hex"),
      failed: (cause) => events.registryAway(cause),
      answered: () => {
        events.registryBack();
        answered.resolve();
      },
    });
    owned.use(opened);
    const forget = clock.after(FIRST_ANSWER_MS, answered.resolve);
    signal.addEventListener("abort", () => answered.resolve(), { once: true });
    if (signal.aborted) answered.resolve();
    await answered.promise;
    forget();
    return opened;
  }
  const kept = new KeptFile(config.dataFolder, (error) => events.broke("gateway.json", error));
  const opened = memoryRegistry({
    clock,
    wallClock,
    ttlMs: ROUTE_TTL_MS,
    ports,
    quotas,
    kept: await kept.read(),
    keep: (state) => {
      if (keeps()) kept.keep(state);
    },
  });
  owned.defer(() => kept.settled());
  return owned.use(opened);
}
