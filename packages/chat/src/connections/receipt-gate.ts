import { LRUCache } from "lru-cache";
import type { SessionKey } from "../log/entry.ts";
import type { MessageLog } from "../log/ports.ts";
import { covers, has, merged, numberOf, type Versions } from "../log/versions.ts";

/** Cursors that one socket is remembered by: more than the sessions that it may follow. */
const MOST_TOLD = 256;
/** A receipt that is about more than these is worth storing, whatever they are. */
const LOOK = 100;

/**
 * Which receipts of one socket are worth an entry. Each entry goes to every device: a device that acknowledges
 * receipts with receipts, and another that does too, would never come to an end.
 */
export class ReceiptGate {
  readonly #log: MessageLog;
  /** Made when it is needed: five kilobytes, for a socket that may never read anything. */
  #told: LRUCache<string, Versions> | undefined;

  constructor(log: MessageLog) {
    this.#log = log;
  }

  /**
   * Has `store` store what is worth it, never beyond what the session has; nothing where that is nothing
   * new, or where what is new are receipts alone.
   */
  async pass(
    { key, what, said }: { key: SessionKey; what: "delivered" | "read"; said: Versions },
    store: (versions: Versions) => Promise<unknown>,
  ): Promise<void> {
    const versions = within(said, (await this.#log.heads(key)).versions);
    const name = `${what}:${key.sessionId}`;
    const told = this.#told?.get(name);
    const isNews =
      told === undefined
        ? Object.keys(versions).length > 0
        : !covers(told, versions) && (await this.#isAboutMore(key, told, versions));
    if (!isNews) return;
    await store(versions);
    this.#told ??= new LRUCache<string, Versions>({ max: MOST_TOLD });
    this.#told.set(name, merged(told ?? {}, versions));
  }

  /** True where something lies between that is no receipt. */
  async #isAboutMore(key: SessionKey, told: Versions, versions: Versions): Promise<boolean> {
    const since = await this.#log.after(key, told, LOOK);
    const meant = since.filter((entry) => has(versions, entry));
    return since.length === LOOK || meant.some(({ kind }) => kind !== "receipt");
  }
}

/** A cursor that points beyond the log would call read what is yet to be said. */
function within(said: Versions, heads: Versions): Versions {
  const known = Object.entries(said).flatMap(([origin, number]) => {
    const least = Math.min(number, numberOf(heads, origin));
    return least > 0 ? [[origin, least] as const] : [];
  });
  return Object.fromEntries(known);
}
