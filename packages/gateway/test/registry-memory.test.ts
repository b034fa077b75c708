import { describe, expect, test } from "vitest";
import { virtualClock } from "@warren/host/testing";
import { memoryRegistry, type Kept, type MemoryRegistryOptions } from "../src/registry/memory.ts";
import { NO_QUOTAS } from "../src/registry/quotas.ts";
import { BORROWED_FACTS } from "./_borrowed-facts.ts";
import { DIRECTORY_FACTS } from "./_directory-facts.ts";
import { FACT_QUOTAS, QUOTA_FACTS } from "./_quota-facts.ts";
import { SPARE_FACTS } from "./_spare-facts.ts";
import { PLACE_FACTS } from "./_place-facts.ts";
import { ROUTE_FACTS, found, type World } from "./_registry-facts.ts";
import { change, route } from "./_routes-kit.ts";

const TTL_MS = 300_000;

function options(given: Partial<MemoryRegistryOptions> = {}): MemoryRegistryOptions {
  const clock = virtualClock();
  return {
    clock,
    wallClock: () => 1_000 + clock.now(),
    ttlMs: TTL_MS,
    ports: { from: 7000, to: 7002 },
    quotas: NO_QUOTAS,
    kept: undefined,
    keep: undefined,
    ...given,
  };
}

function open(quotas = NO_QUOTAS): World {
  const clock = virtualClock();
  const registry = memoryRegistry(options({ clock, quotas }));
  const step = TTL_MS / 10;
  return {
    gateways: [registry, registry],
    async until(seen) {
      for (let waited = 0; !(await seen()); waited += step) {
        if (waited > 3 * TTL_MS) throw new Error("it never came");
        clock.advance(step);
      }
    },
    async pass(ttls, meanwhile) {
      for (let passed = 0; passed <= ttls * TTL_MS; passed += step) {
        await meanwhile();
        clock.advance(step);
      }
    },
  };
}

describe("the registry in memory", () => {
  test.each([...ROUTE_FACTS, ...PLACE_FACTS, ...BORROWED_FACTS, ...DIRECTORY_FACTS])(
    "$name",
    async ({ holds }) => holds(open()),
  );

  test.each([...QUOTA_FACTS, ...SPARE_FACTS])("$name", async ({ holds }) =>
    holds(open(FACT_QUOTAS)),
  );

  test("claims, chosen ports and revocations outlive a restart", async () => {
    let kept: Kept | undefined;
    const first = memoryRegistry(options({ keep: (now) => (kept = now) }));
    const any = route({ host: "", kind: "tcp", service: "any" });
    await first.apply(
      change({ routes: [route({ host: "", kind: "tcp", public_port: 7000 }), any] }),
    );
    await first.apply(change({ action: "add", routes: [route({})] }));
    await first.revocations.revoke("t");
    await first[Symbol.asyncDispose]();

    const second = memoryRegistry(options({ kept: structuredClone(kept) }));
    expect(await second.revocations.isRevoked("t")).toBe(true);
    const other = await second.apply(change({ clusterUuid: "c2", routes: [route({})] }));
    expect(other.rejected).toMatchObject([{ code: "host_taken" }]);
    const back = await second.apply(change({ routes: [any] }));
    expect(Object.values(back.ports)).toEqual([7001]);
    expect(await found(second, "a.test")).toBe("no_route");
  });

  test("nothing runs on after it is closed", async () => {
    const clock = virtualClock();
    const registry = memoryRegistry(options({ clock }));
    await registry.apply(change({ routes: [route({})] }));
    await registry[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });
});
