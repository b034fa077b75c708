import { randomBytes } from "node:crypto";
import { virtualClock, type VirtualClock } from "@warren/host/testing";
import type { KeyTexts } from "../src/keys/key-text.ts";
import { MasterKeys } from "../src/keys/master-keys.ts";
import { memoryKeyStore } from "../src/keys/memory-key-store.ts";
import type { KeyStore } from "../src/keys/ports.ts";
import { SealError } from "../src/keys/seal-error.ts";
import type { Place } from "../src/keys/sealed-text.ts";
import { Sealer } from "../src/keys/sealer.ts";
import {
  SESSION_KEYS_LIMITS,
  SessionKeys,
  type SessionKeysLimits,
} from "../src/keys/session-keys.ts";

export const OLD = randomBytes(32).toString("base64");
export const NEW = randomBytes(32).toString("base64");
export const TODAY = Date.parse("2026-01-01");

export const place = (given: Partial<Place> = {}): Place => ({
  userId: "alice",
  sessionId: "0123456789abcdef0123456789abcdef",
  entry: "user:alice/m1",
  field: "content",
  ...given,
});

export function masterKeys(current: string, former = "") {
  const source = async () => ({ current, former });
  return MasterKeys.open({ source, clock: virtualClock(), coolDownMs: 1000 });
}

export interface Instance {
  clock: VirtualClock;
  masters: MasterKeys;
  keys: SessionKeys;
  sealer: Sealer;
}

/** One process over `store`; what is `given` is where it reads its keys again. Its wall clock goes with its clock. */
export async function instance(
  store: KeyStore = memoryKeyStore(),
  given: Partial<KeyTexts & SessionKeysLimits> = {},
): Promise<Instance> {
  const clock = virtualClock();
  const source = async () => ({ current: given.current ?? OLD, former: given.former ?? "" });
  const masters = await MasterKeys.open({ source, clock, coolDownMs: 1000 });
  const keys = new SessionKeys({
    store,
    masters,
    clock,
    wallClock: () => TODAY + clock.now(),
    limits: { ...SESSION_KEYS_LIMITS, ...given },
  });
  return { clock, masters, keys, sealer: new Sealer(keys) };
}

/** Why it failed; fails the test when it did not, or in another way. */
export async function failure(what: () => unknown): Promise<string> {
  try {
    await what();
  } catch (reason) {
    if (reason instanceof SealError) return reason.reason;
    throw reason;
  }
  throw new Error("nothing failed");
}

/** A store that counts what is asked of it, and at which a test can wait or break something. */
export function watched(
  store: KeyStore,
  before: (call: number, name: string) => void | Promise<void>,
) {
  const watch = { calls: 0, store };
  const step = async (name: string) => {
    watch.calls += 1;
    await before(watch.calls, name);
  };
  watch.store = {
    get: async (...asked) => (await step("get"), store.get(...asked)),
    putIfAbsent: async (record) => (await step("putIfAbsent"), store.putIfAbsent(record)),
    rewrap: async (...asked) => (await step("rewrap"), store.rewrap(...asked)),
    destroy: async (...asked) => (await step("destroy"), store.destroy(...asked)),
    wrappedByOthers: async (...asked) => (
      await step("wrappedByOthers"),
      store.wrappedByOthers(...asked)
    ),
  };
  return watch;
}
