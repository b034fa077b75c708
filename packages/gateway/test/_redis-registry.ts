import { randomUUID } from "node:crypto";
import { systemClock } from "@warren/host";
import type { Registry } from "../src/ports.ts";
import {
  REDIS_REGISTRY_DEFAULTS,
  startRedisRegistry,
  type RedisRegistryOptions,
} from "../src/registry/redis/redis-registry.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { eventually, type RedisBackend } from "./_redis-kit.ts";
import { found } from "./_registry-facts.ts";

export const TTL_MS = 1_000;
let gateways = 0;

/** A registry with short lives, so that they can be seen to end. */
export function open(backend: RedisBackend, given: Partial<RedisRegistryOptions> = {}): Registry {
  gateways += 1;
  return startRedisRegistry({
    ...REDIS_REGISTRY_DEFAULTS,
    place: backend.place,
    gatewayId: `gw-${gateways}`,
    clock: systemClock,
    wallClock: Date.now,
    random: Math.random,
    newId: randomUUID,
    ports: { from: 7000, to: 7002 },
    quotas: NO_QUOTAS,
    ttlMs: TTL_MS,
    directoryTtlMs: TTL_MS,
    // A loaded machine is not what these tests are about.
    commandMs: 500,
    checkMs: 200,
    unknownMs: 50,
    failed: () => {},
    answered: () => {},
    ...given,
  });
}

/** Resolves once the registry has found Redis. */
export async function ready(registry: Registry): Promise<void> {
  await eventually(async () => (await found(registry, "ready.test")) === "no_route");
}
