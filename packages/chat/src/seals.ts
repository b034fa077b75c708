import type { ChatDeps } from "./chat-deps.ts";
import { MASTER_KEYS_COOL_DOWN_MS, MasterKeys, type KeySource } from "./keys/master-keys.ts";
import type { KeyStore } from "./keys/ports.ts";
import { Sealer } from "./keys/sealer.ts";
import { SESSION_KEYS_LIMITS, SessionKeys } from "./keys/session-keys.ts";
import { Texts } from "./log/said.ts";

/** What seals and opens what people write. */
export interface Seals {
  readonly masters: MasterKeys;
  readonly keys: SessionKeys;
  readonly texts: Texts;
}

/** What people write is sealed from the first message on: without a key there is no start. */
export async function openSeals(
  source: KeySource,
  { clock, wallClock }: Pick<ChatDeps, "clock" | "wallClock">,
  store: KeyStore,
): Promise<Seals> {
  const masters = await MasterKeys.open({ source, clock, coolDownMs: MASTER_KEYS_COOL_DOWN_MS });
  const limits = SESSION_KEYS_LIMITS;
  const keys = new SessionKeys({ store, masters, clock, wallClock, limits });
  return { masters, keys, texts: new Texts(new Sealer(keys)) };
}
