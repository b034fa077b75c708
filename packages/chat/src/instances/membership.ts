import { randomId, type Clock, untilClosed } from "@warren/host";
import type { Lease, Leases } from "../leases/ports.ts";
import { steadily } from "../leases/steadily.ts";
import { watchTail } from "../live/tail-watch.ts";
import type { Entry } from "../log/entry.ts";
import type { MessageLog } from "../log/ports.ts";
import type { Presences } from "../presence/presences.ts";
import type { Elsewhere } from "../runs/elsewhere.ts";
import { Estates, type EstatesEvents } from "./estates.ts";
import { Instance } from "./instance.ts";
import type { Settling } from "./settling.ts";

/** How often running text of other instances is looked for where no hints come. */
const LOOK_MS = 1_000;

export interface MembershipOptions {
  store: { readonly log: MessageLog; readonly leases: Leases; readonly isShared: boolean };
  clock: Clock;
  settling: Settling;
  elsewhere: Elsewhere;
  hasHints: () => boolean;
  /** An entry that the store got. */
  seen: (entry: Entry) => void;
  /** What this instance tells the others of who is on it, and what they tell. */
  presences: Pick<Presences, "attended" | "saw">;
  adopt: (lease: Lease) => Promise<void>;
  answer: (question: Entry) => Promise<void>;
  lost: () => void;
  events: EstatesEvents & { blind(cause: unknown): void };
}

/** This instance's part in its cluster: it says that it lives, and follows what the others do. */
export class Membership implements AsyncDisposable {
  readonly #options: MembershipOptions;
  readonly #instance: Instance;
  readonly #opened = new AsyncDisposableStack();

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { store, clock, settling, presences, lost, events } = options;
    const { log, leases, isShared } = store;
    const failed = (cause: unknown) => events.blind(cause);
    const estates = new Estates({ ...options, leases, log, failed });
    this.#instance = this.#opened.use(
      new Instance({
        leases,
        log,
        settling,
        clock,
        newId: () => randomId(9),
        isShared,
        attended: () => presences.attended,
        saw: (others) => presences.saw(others),
        inherit: (name, note) => estates.inherit(name, note),
        orphans: (holder) => estates.orphans(holder),
        lost,
        failed,
      }),
    );
    // In the next turn: what it looks with is put together with this.
    if (isShared) void Promise.resolve().then(() => this.#follow());
  }

  get name(): string {
    return this.#instance.name;
  }

  /** True for an instance that lives, as far as can be seen. */
  knows(name: string): boolean {
    return this.#instance.knows(name);
  }

  entered(): Promise<string> {
    return this.#instance.entered();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  #follow(): void {
    const { store, clock, elsewhere, hasHints, seen, events } = this.#options;
    const failed = (cause: unknown) => events.blind(cause);
    this.#opened.use(watchTail({ log: store.log, clock, hasHints, seen, failed }));
    const look = () => elsewhere.look();
    const looking = untilClosed((signal) =>
      steadily({ clock, everyMs: () => LOOK_MS, signal, failed }, look),
    );
    this.#opened.use(looking);
  }
}
