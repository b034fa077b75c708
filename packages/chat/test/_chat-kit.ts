import { randomBytes } from "node:crypto";
import { systemClock, type Clock } from "@warren/host";
import { MasterKeys } from "../src/keys/master-keys.ts";
import { memoryKeyStore } from "../src/keys/memory-key-store.ts";
import { Sealer } from "../src/keys/sealer.ts";
import { SESSION_KEYS_LIMITS, SessionKeys } from "../src/keys/session-keys.ts";
import { Hub } from "../src/live/hub.ts";
import { NO_HINTS } from "../src/live/no-hints.ts";
import { Journal } from "../src/log/journal.ts";
import { Texts, type Said } from "../src/log/said.ts";
import { MemoryLog } from "../src/store/memory/memory-log.ts";

const key = randomBytes(32).toString("base64");

/** Texts under keys that live as long as the test. */
export async function openTexts(): Promise<Texts> {
  const masters = await MasterKeys.open({
    source: async () => ({ current: key, former: "" }),
    clock: systemClock,
    coolDownMs: 0,
  });
  const store = memoryKeyStore();
  const options = { store, masters, clock: systemClock, wallClock: Date.now };
  return new Texts(new Sealer(new SessionKeys({ ...options, limits: SESSION_KEYS_LIMITS })));
}

/** One instance over a log that others may share. */
export async function openInstance(
  log = new MemoryLog({ origin: "home:1", wallClock: Date.now }),
  texts?: Texts,
  clock: Clock = systemClock,
) {
  const failures: unknown[] = [];
  const stored: Said[] = [];
  const journal: Journal = new Journal({
    log,
    texts: texts ?? (await openTexts()),
    linked: (said) => said,
    stored: (said) => {
      stored.push(said);
      hub.stored(said);
    },
  });
  const hub = new Hub({
    log,
    journal: () => journal,
    fanOut: NO_HINTS,
    told: () => {},
    joined: () => () => {},
    closed: () => {},
    failed: (cause) => failures.push(cause),
    clock,
  });
  return { log, journal, hub, failures, stored };
}
