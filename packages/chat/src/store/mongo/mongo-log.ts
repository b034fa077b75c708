import { ObjectId, type Collection } from "mongodb";
import { accept, type Accepted } from "../../log/accept.ts";
import { inOrder, type Draft, type Entry, type SessionKey } from "../../log/entry.ts";
import { newest } from "../../log/newest.ts";
import type { Heads, MessageLog, Page, Tail } from "../../log/ports.ts";
import { numberOf, type Versions } from "../../log/versions.ts";
import { untilDecided, type Chance } from "./attempts.ts";
import type { MongoCalls } from "./calls.ts";
import { documentOf, type EntryDocument } from "./entry-document.ts";
import { isDuplicate } from "./failures.ts";
import { found, headsOf, lastOf, lastOfAll, LOG_FINDS, twinOf } from "./log-reads.ts";
import { MongoTail } from "./mongo-tail.ts";
import { Turns } from "./turns.ts";

export interface MongoLogOptions extends Chance {
  /** As the primary has it now; what is decided by it counts once a majority has the insert. */
  latest: Collection<EntryDocument>;
  /** What a majority has: it stays, whatever fails. */
  durable: Collection<EntryDocument>;
  calls: MongoCalls;
  /** Resolves once the unique indexes are there. */
  ready: () => Promise<void>;
  origin: string;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/**
 * The log in MongoDB, one document for each entry, written by all instances of the cluster under one
 * origin at once. No transaction and no counter: an instance reads the head, decides, and inserts under
 * the next number.
 *
 * 1. The unique key (user, session, origin, number) lets one of those who decided upon the same head
 *    through: whoever is acknowledged decided on the head that its entry follows. So the fences hold.
 * 2. An insert is acknowledged by a majority with its journal, and with it all that came before it.
 * 3. What the draft's identity finds is said to be there only once a majority has it.
 * 4. An insert whose answer was lost is found again by its identity.
 */
export class MongoLog implements MessageLog {
  readonly origin: string;
  readonly #options: MongoLogOptions;
  readonly #turns = new Turns();
  readonly #tail: MongoTail;

  constructor(options: MongoLogOptions) {
    this.origin = options.origin;
    this.#options = options;
    this.#tail = new MongoTail(options);
  }

  append(draft: Draft): Promise<Accepted> {
    const { calls, ready } = this.#options;
    const attempted = new Set<string>();
    // In the order of the calls; those of other instances race with them.
    return this.#turns.run(`${draft.sessionId} ${draft.userId}`, () =>
      calls.write(async (signal) => {
        await ready();
        return untilDecided(this.#options, signal, () => this.#decide(draft, attempted));
      }),
    );
  }

  after(key: SessionKey, versions: Versions, limit: number): Promise<Entry[]> {
    const { durable, calls } = this.#options;
    return calls.read(async () => {
      const lasts = await lastOfAll(durable, key, undefined);
      const behind = lasts.filter(({ origin, number }) => numberOf(versions, origin) < number);
      const parts = behind.map(({ origin }) =>
        found(durable, LOG_FINDS.above(key, origin, numberOf(versions, origin), limit)),
      );
      return (await Promise.all(parts)).flat().toSorted(inOrder).slice(0, limit);
    });
  }

  latest(key: SessionKey, before: Versions | undefined, limit: number): Promise<Page> {
    const { durable, calls } = this.#options;
    return calls.read(async () => {
      const top = before ?? (await this.#heads(key)).versions;
      const parts = Object.entries(top).map(([origin, number]) =>
        found(durable, LOG_FINDS.upTo(key, origin, number, limit)),
      );
      return newest((await Promise.all(parts)).flat(), top, limit);
    });
  }

  heads(key: SessionKey): Promise<Heads> {
    return this.#options.calls.read(() => this.#heads(key));
  }

  tail(cursor: string | undefined, limit: number): Promise<Tail> {
    return this.#options.calls.read(() => this.#tail.read(cursor, limit));
  }

  async #heads(key: SessionKey): Promise<Heads> {
    return headsOf(await lastOfAll(this.#options.durable, key, undefined), this.origin);
  }

  /** Undefined: somebody was faster, or what was found is not durable yet. */
  async #decide(draft: Draft, attempted: Set<string>): Promise<Accepted | undefined> {
    const { origin, wallClock, latest } = this.#options;
    const [twin, own, others] = await Promise.all([
      twinOf(latest, draft),
      lastOf(latest, draft, origin),
      lastOfAll(latest, draft, origin),
    ]);
    if (twin !== undefined) return this.#existing(draft, attempted);
    const head = headsOf(own === undefined ? others : [own, ...others], origin);
    const wallMs = wallClock();
    const accepted = accept(draft, { origin, head, existing: undefined, wallMs });
    if (accepted.outcome !== "stored") return accepted;
    return (await this.#isInserted(accepted.entry, wallMs, attempted)) ? accepted : undefined;
  }

  /** (3), and (4): what this very call inserted is no repetition. */
  async #existing(draft: Draft, attempted: ReadonlySet<string>): Promise<Accepted | undefined> {
    const durable = await twinOf(this.#options.durable, draft);
    if (durable === undefined) return undefined;
    const { entry, documentId } = durable;
    return { outcome: attempted.has(documentId) ? "stored" : "existing", entry };
  }

  async #isInserted(entry: Entry, wallMs: number, attempted: Set<string>): Promise<boolean> {
    const id = new ObjectId();
    attempted.add(id.toHexString());
    try {
      await this.#options.latest.insertOne(documentOf(entry, id, wallMs));
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }
}
