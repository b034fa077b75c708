import { MemoryLog } from "../src/store/memory/memory-log.ts";
import type { Draft, Entry } from "../src/log/entry.ts";
import { tick } from "../src/log/hybrid-time.ts";
import { including, NO_VERSIONS, type Versions } from "../src/log/versions.ts";
import { canonical, view } from "../src/log/view.ts";
import { draft } from "./_log-facts.ts";

/** A guard of the design, to be left out so that the simulation is seen to need it. */
export type Missing = "nothing" | "stored maximum" | "seen by the writer" | "epoch of a restore";

export interface Chance {
  /** Uniform in [0, 1). */
  next(): number;
  below(limit: number): number;
}

/** Small and seeded, so that a run can be had again (mulberry32). */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, below: (limit) => Math.floor(next() * limit) };
}

const CLUSTERS = 3;
const INSTANCES = 2;
const CLIENTS = 4;
const SESSION = { userId: "u", sessionId: "s".repeat(32) };

interface Cluster {
  name: string;
  epoch: number;
  log: MemoryLog;
  /** What the store had when it was last backed up. */
  backup: Entry[];
  skews: number[];
}

interface Client {
  author: string;
  sent: number;
  /** Highest time that was seen. */
  seen: number;
  /** What was sent and not acknowledged, the same again until it is. */
  unacknowledged: Draft | undefined;
  acknowledged: Entry[];
  cluster: number;
}

/** Clusters that are cut off, lose acknowledgements and restore backups, and clients that move. */
export class LogWorld {
  readonly #chance: Chance;
  readonly #missing: Missing;
  readonly #clusters: Cluster[];
  readonly #clients: Client[];
  /** Entries that were lost with a store before another cluster had them. */
  readonly #lost = new Set<string>();
  /** Of these the least entry was lost: another one, of a later time, stands for them now. */
  readonly #moved = new Set<string>();
  #nowMs = 1_800_000_000_000;
  #cut = new Set<string>();

  constructor(seed: number, missing: Missing) {
    this.#chance = chanceOf(seed);
    this.#missing = missing;
    this.#clusters = Array.from({ length: CLUSTERS }, (_, at) => this.#cluster(`c${at}`));
    this.#clients = Array.from({ length: CLIENTS }, (_, at) => ({
      author: `user:${at}`,
      sent: 0,
      seen: 0,
      unacknowledged: undefined,
      acknowledged: [],
      cluster: at % CLUSTERS,
    }));
  }

  /** Runs steps, then heals everything. What is wrong then, as sentences; nothing if all is well. */
  async run(steps: number, restores: boolean): Promise<string[]> {
    for (let step = 0; step < steps; step++) {
      this.#nowMs += this.#chance.below(200);
      await this.#step(restores);
    }
    this.#cut.clear();
    for (const client of this.#clients) while (client.unacknowledged) await this.#send(client);
    for (let round = 0; round < 2 * CLUSTERS; round++) await this.#replicateAll();
    return this.#wrong();
  }

  async #step(restores: boolean): Promise<void> {
    const chance = this.#chance.next();
    const client = this.#clients[this.#chance.below(CLIENTS)]!;
    if (chance < 0.45) return this.#send(client);
    if (chance < 0.55) client.cluster = this.#chance.below(CLUSTERS);
    else if (chance < 0.65) await this.#read(client);
    else if (chance < 0.72) this.#cutOrMend();
    else if (chance < 0.75) await this.#backUp(this.#anyCluster());
    else if (chance < 0.77 && restores) await this.#restore(this.#anyCluster());
    else await this.#replicate(this.#anyCluster(), this.#anyCluster(), 1 + this.#chance.below(5));
  }

  async #send(client: Client): Promise<void> {
    const cluster = this.#clusters[client.cluster]!;
    client.unacknowledged ??= this.#draft(client);
    const seen = this.#missing === "seen by the writer" ? undefined : client.seen;
    const accepted = await this.#append(cluster, { ...client.unacknowledged, seen });
    const isLost = this.#chance.next() < 0.3;
    if (accepted === undefined || isLost) {
      // The same goes elsewhere: whoever took it may be gone.
      client.cluster = this.#chance.below(CLUSTERS);
      return;
    }
    client.acknowledged.push(accepted);
    client.seen = Math.max(client.seen, accepted.hlc);
    client.unacknowledged = undefined;
  }

  #draft(client: Client): Draft {
    client.sent += 1;
    const id = `${client.author}/${client.sent}`;
    return draft({ id, author: client.author, ...SESSION });
  }

  async #append(cluster: Cluster, given: Draft): Promise<Entry | undefined> {
    const accepted = await cluster.log.append(given);
    return "entry" in accepted ? accepted.entry : undefined;
  }

  /** A client reads all that its cluster has. */
  async #read(client: Client): Promise<void> {
    const { hlc } = await this.#clusters[client.cluster]!.log.heads(SESSION);
    client.seen = Math.max(client.seen, hlc);
  }

  #cutOrMend(): void {
    const link = this.#link(this.#anyCluster(), this.#anyCluster());
    if (!this.#cut.delete(link)) this.#cut.add(link);
  }

  #link(a: Cluster, b: Cluster): string {
    return a.name < b.name ? `${a.name}-${b.name}` : `${b.name}-${a.name}`;
  }

  async #replicateAll(): Promise<void> {
    for (const from of this.#clusters)
      for (const to of this.#clusters) await this.#replicate(from, to, Infinity);
  }

  async #replicate(from: Cluster, to: Cluster, limit: number): Promise<void> {
    if (from === to || this.#cut.has(this.#link(from, to))) return;
    const { versions } = await to.log.heads(SESSION);
    for (const entry of await from.log.after(SESSION, versions, limit)) to.log.receive(entry);
  }

  async #backUp(cluster: Cluster): Promise<void> {
    cluster.backup = await cluster.log.after(SESSION, NO_VERSIONS, Infinity);
  }

  /** The store dies and its backup is put back: numbers given out since must not be given out again. */
  async #restore(cluster: Cluster): Promise<void> {
    const had = await cluster.log.after(SESSION, NO_VERSIONS, Infinity);
    if (this.#missing !== "epoch of a restore") cluster.epoch += 1;
    cluster.log = this.#open(cluster);
    for (const entry of cluster.backup) cluster.log.receive(entry);
    await this.#noteLost(had);
  }

  async #noteLost(had: readonly Entry[]): Promise<void> {
    const left = new Set<string>();
    const said = new Set<string>();
    for (const { log } of this.#clusters)
      for (const entry of await log.after(SESSION, NO_VERSIONS, Infinity)) {
        left.add(`${entry.origin} ${entry.number}`);
        said.add(entry.clientMessageId);
      }
    for (const { origin, number, clientMessageId } of had) {
      if (!said.has(clientMessageId)) this.#lost.add(clientMessageId);
      if (!left.has(`${origin} ${number}`)) this.#moved.add(clientMessageId);
    }
  }

  #anyCluster(): Cluster {
    return this.#clusters[this.#chance.below(CLUSTERS)]!;
  }

  #cluster(name: string): Cluster {
    const skew = this.#chance.next() * 2_000 - 1_000;
    const skews = Array.from({ length: INSTANCES }, () => skew + this.#chance.next() * 1_000 - 500);
    const cluster = { name, epoch: 1, backup: [], skews };
    return { ...cluster, log: this.#open(cluster) };
  }

  #open({ name, epoch, skews }: Pick<Cluster, "name" | "epoch" | "skews">): MemoryLog {
    const wallClock = () => this.#nowMs + skews[this.#chance.below(INSTANCES)]!;
    const log = new MemoryLog({ origin: `${name}:${epoch}`, wallClock });
    return this.#missing === "stored maximum" ? forgetful(log, wallClock) : log;
  }

  async #wrong(): Promise<string[]> {
    const sets = await Promise.all(
      this.#clusters.map(({ log }) => log.after(SESSION, NO_VERSIONS, Infinity)),
    );
    const views = sets.map((entries) => JSON.stringify(view(shuffled(entries, this.#chance))));
    const wrong: string[] = [];
    if (new Set(views).size > 1) wrong.push("the clusters differ");
    const all = canonical(sets[0]!);
    if (new Set(all.map(({ clientMessageId }) => clientMessageId)).size < all.length) {
      wrong.push("something is there twice");
    }
    return [...wrong, ...this.#lostOrTurned(all), ...disordered(sets[0]!)];
  }

  /** What was acknowledged is there, each author's in the order of sending. */
  #lostOrTurned(all: readonly Entry[]): string[] {
    const places = new Map(all.map(({ clientMessageId }, at) => [clientMessageId, at]));
    return this.#clients.flatMap(({ author, acknowledged }) => {
      const kept = acknowledged.filter(({ clientMessageId }) => !this.#lost.has(clientMessageId));
      if (kept.some(({ clientMessageId }) => !places.has(clientMessageId))) {
        return [`something acknowledged to ${author} is gone`];
      }
      const unmoved = kept.filter(({ clientMessageId }) => !this.#moved.has(clientMessageId));
      const at = unmoved.map(({ clientMessageId }) => places.get(clientMessageId));
      const turned = at.some((place, i) => i > 0 && place! < at[i - 1]!);
      return turned ? [`what ${author} said is out of order`] : [];
    });
  }
}

/** Numbers of one origin contradict the order in which all is shown. */
function disordered(entries: readonly Entry[]): string[] {
  let versions: Versions = NO_VERSIONS;
  for (const entry of entries) {
    if ((versions[entry.origin] ?? 0) > entry.number) return [`${entry.origin} is out of order`];
    versions = including(versions, entry);
  }
  return [];
}

/** A log whose clock does not look at what is stored. */
function forgetful(log: MemoryLog, wallClock: () => number): MemoryLog {
  const append = log.append.bind(log);
  log.append = async (given) => {
    const wallMs = wallClock();
    const accepted = await append(given);
    if (accepted.outcome !== "stored") return accepted;
    Object.assign(accepted.entry, { hlc: tick(wallMs, 0, given.seen) });
    return accepted;
  };
  return log;
}

function shuffled<T>(all: readonly T[], chance: Chance): T[] {
  return all
    .map((one) => ({ one, at: chance.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
