import type { Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import { firstLease, movedOn, takenBy, type Lease, type Leases } from "../leases/ports.ts";
import { steadily } from "../leases/steadily.ts";
import { StillWatch } from "../leases/still-watch.ts";
import type { MessageLog } from "../log/ports.ts";
import type { Attended } from "../presence/presences.ts";
import type { Settling } from "./settling.ts";

/** How often an instance says that it lives, and looks whether the others do. */
export const BEAT_MS = 1_000;
/** Whoever says nothing for so long is dead: a stall of the store or of a process is shorter. */
export const LEASE_MS = 6_000;
const MOST = 10_000;

/** What an instance leaves for whoever comes after it. */
export interface InstanceNote {
  /** Where to look for questions that it accepted and had not leased. */
  readonly settled: string | undefined;
  /** Who is on it, of sessions that others ask about; undefined: an older release says nothing of it. */
  readonly attended?: Attended;
}

export interface InstanceOptions {
  leases: Leases;
  log: Pick<MessageLog, "tail">;
  settling: Settling;
  clock: Clock;
  newId: () => string;
  /** Other processes may use the store. Where none can, whoever is in it from before is dead. */
  isShared: boolean;
  /** What it says of itself, each second. */
  attended: () => Attended;
  /** What the others that live say so, each second. */
  saw: (others: readonly Attended[]) => void;
  /** An instance is dead, and its estate is this one's. What it held is to be gone on with. */
  inherit: (name: string, note: InstanceNote) => Promise<void>;
  /** Runs that nobody holds are to be gone on with. `holder`: whose name they have. */
  orphans: (holder: string) => Promise<void>;
  /** Others took this instance for dead: what it held is theirs. */
  lost: () => void;
  failed: (cause: unknown) => void;
}

/**
 * This process among those that share a store: its lease stands for all that it holds.
 *
 * 1. It is entered before it holds anything, and says each second that it lives.
 * 2. Whoever sees it still for the lease's time takes its lease, goes on with what it held, and then removes
 *    it: a death in the middle of that leaves a lease that stands still, to be taken again.
 * 3. One that was only asleep finds its lease taken, and begins anew under another name with nothing.
 */
export class Instance implements AsyncDisposable {
  readonly #options: InstanceOptions;
  readonly #closing = new AbortController();
  readonly #watch = new StillWatch({ leaseMs: LEASE_MS, mostGapMs: 2 * BEAT_MS });
  readonly #alone = new StillWatch({ leaseMs: 0, mostGapMs: Infinity });
  readonly #living: Promise<unknown>;
  #lease: Lease | undefined;
  #entered = Promise.withResolvers<string>();
  #name: string;
  /** Those that live, when they were last looked at. */
  #others: ReadonlySet<string> = new Set();

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.#name = options.newId();
    // Nobody may be waiting when it is known that it never enters.
    this.#entered.promise.catch(() => {});
    this.#living = Promise.all([
      this.#each(() => this.#beat()),
      this.#each(() => this.#lookAround()),
    ]);
  }

  /** As others know it, if they do yet. */
  get name(): string {
    return this.#name;
  }

  knows(name: string): boolean {
    return name === this.#name || this.#others.has(name);
  }

  /** Its name, once others can see that it lives. Rejects where it ends before that. */
  entered(): Promise<string> {
    return this.#entered.promise;
  }

  /** It holds nothing any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#entered.reject(new ChatError("DRAINING", "this instance is shutting down"));
    await this.#living;
    if (this.#lease === undefined) return;
    await this.#options.leases.put(this.#lease, this.#lease, undefined).catch(this.#options.failed);
  }

  /** The store being away is no reason to stop. */
  #each(task: () => Promise<void>): Promise<void> {
    const { clock, failed } = this.#options;
    const { signal } = this.#closing;
    return steadily({ clock, everyMs: () => BEAT_MS, signal, failed }, task);
  }

  async #beat(): Promise<void> {
    const { log, settling, leases, lost, attended } = this.#options;
    const { cursor } = await log.tail(undefined, 1);
    settling.moveTo(cursor);
    const said: InstanceNote = { settled: settling.cursor, attended: attended() };
    const note = JSON.stringify(said);
    const was = this.#lease;
    const next = was === undefined ? this.#first(note) : movedOn(was, note);
    if (await leases.put(next, was, next)) {
      this.#lease = next;
      if (was === undefined) this.#entered.resolve(this.#name);
    } else if (await this.#isTaken()) {
      this.#again();
      lost();
      await this.#beat();
    }
  }

  #first(note: string): Lease {
    return firstLease({ kind: "instance", userId: "", name: this.#name }, this.#name, note);
  }

  /** False where it was this one's own write, whose answer was lost. */
  async #isTaken(): Promise<boolean> {
    const there = await this.#options.leases.get(this.#first(""));
    if (there?.holder !== this.#name) return true;
    this.#lease = there;
    this.#entered.resolve(this.#name);
    return false;
  }

  #again(): void {
    this.#lease = undefined;
    this.#name = this.#options.newId();
    this.#entered = Promise.withResolvers<string>();
    // As above.
    this.#entered.promise.catch(() => {});
  }

  async #lookAround(): Promise<void> {
    const { leases, clock, isShared, orphans, saw } = this.#options;
    const me = await this.entered();
    // Before the instances: whoever holds something was entered before that.
    const holders = await leases.holders("run");
    const all = await leases.list("instance", undefined, MOST);
    const others = all.filter(({ name }) => name !== me);
    const dead = (isShared ? this.#watch : this.#alone).look(others, clock.now());
    const gone = new Set(dead.map(({ name }) => name));
    const living = others.filter(({ name }) => !gone.has(name));
    this.#others = new Set(living.map(({ name }) => name));
    // What a dead one said is in its lease until whoever took that has done with it.
    saw(living.filter(({ holder, name }) => holder === name).map(attendedOf));
    for (const lease of dead) await this.#bury(lease);
    const known = new Set(all.map(({ name }) => name)).add(this.#name);
    for (const holder of holders) if (!known.has(holder)) await orphans(holder);
  }

  async #bury(lease: Lease): Promise<void> {
    const { leases, inherit } = this.#options;
    const estate = takenBy(await this.entered(), lease, lease.note);
    // Another one is at it.
    if (!(await leases.put(lease, lease, estate))) return;
    await inherit(lease.name, JSON.parse(lease.note) as InstanceNote);
    await leases.put(estate, estate, undefined);
  }
}

function attendedOf({ note }: Lease): Attended {
  return (JSON.parse(note) as InstanceNote).attended ?? {};
}
