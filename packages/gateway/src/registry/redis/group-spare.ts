import { portOfPlace, portPlace } from "../../routes/host-pattern.ts";
import type { Quotas } from "../quotas.ts";
import { LOOK_AGAIN_MS, nextOf, spareOf, type Unused } from "../spare-claims.ts";
import { groupTag, KEYS } from "./keys.ts";
import { readPlace, type PlaceRecord } from "./place-record.ts";
import type { RegistryLink } from "./registry-link.ts";
import { GIVE, READ } from "./scripts.ts";

/** Places that are read, or hosts of one command, at once. */
const BATCH = 100;
/** All hosts of a group that is full are looked at anew at most this often. */
const LOOK_AT_ALL_MS = 60_000;
const MOST_GROUPS = 1_000;

export interface GroupSpareOptions {
  link: RegistryLink;
  quotas: Pick<Quotas, "groupClaims" | "groupPorts">;
  writeMs: number;
  /** Life of routes without a heartbeat. */
  ttlMs: number;
  /** Monotonic milliseconds. */
  now: () => number;
  /** Gives up those of the group's places that it does not use, nor `but` another cluster may; answers the others. */
  giveUp: (group: string, places: readonly string[], but?: string) => Promise<string[]>;
}

/**
 * Makes room in groups that are full. `warren:unused:{GROUP}` says which hosts have no routes, in the
 * words of `wordsOf`; it is a hint, which lacks what went with its cluster until all hosts are looked
 * at, and may name what is served: a place itself decides, at the moment in which it is given up.
 */
export class GroupSpare {
  readonly #options: GroupSpareOptions;
  readonly #queues = new Map<string, Queue>();

  constructor(options: GroupSpareOptions) {
    this.#options = options;
  }

  /** These hosts of the group have no routes any more. */
  async note(group: string, places: Iterable<readonly [place: string, Unused]>): Promise<void> {
    const { link, writeMs } = this.#options;
    const key = KEYS.unused(group);
    const hosts = [...places].filter(([place]) => portOfPlace(place) === undefined);
    for (let at = 0; at < hosts.length; at += BATCH) {
      const fields = hosts.slice(at, at + BATCH).flatMap(([host, said]) => [host, wordsOf(said)]);
      await link.command(key, ["HSET", key, ...fields], writeMs);
    }
    if (hosts.length > 0) this.#queueOf(`hosts ${group}`).lookAgainAt = -Infinity;
  }

  /** Has up to so many of the group's hosts given up. */
  async freeHosts(group: string, wanted: number): Promise<void> {
    const queue = this.#queueOf(`hosts ${group}`);
    let missing = await this.#giveOf(group, queue, wanted);
    if (missing <= 0) return;
    await this.#readUnused(group, { queue, missing });
    missing = await this.#giveOf(group, queue, missing);
    if (missing <= 0) return;
    await this.#lookAtAll(group, { queue, missing });
    await this.#giveOf(group, queue, missing);
  }

  /** Has one of the group's ports given up. False when none is spare. */
  async freePort(group: string): Promise<boolean> {
    const { now, giveUp } = this.#options;
    const queue = this.#queueOf(`ports ${group}`);
    if (queue.spare.length === 0 && now() >= queue.lookAgainAt) {
      await this.#readPorts(group, queue);
    }
    for (let next = queue.spare.shift(); next !== undefined; next = queue.spare.shift()) {
      if ((await giveUp(group, [next.place])).length === 0) return true;
    }
    return false;
  }

  /** Gives up those of the group's places: of one cluster, or of all but who has not been away for long. */
  async release(
    group: string,
    unused: readonly SparePlace[],
    { clusterUuid, now }: { clusterUuid: string | undefined; now: number },
  ): Promise<number> {
    const mine = clusterUuid === "" ? [] : unused.filter((one) => one.clusterUuid === clusterUuid);
    const some = clusterUuid === undefined ? this.#spareOf(unused, { now, most: 0 }) : mine;
    await this.note(
      group,
      some.map((one) => [one.place, one]),
    );
    const isPort = ({ place }: SparePlace) => portOfPlace(place) !== undefined;
    const hosts = some.filter((one) => !isPort(one));
    const ports = some.filter(isPort).map(({ place }) => place);
    let released = ports.length - (await this.#options.giveUp(group, ports, clusterUuid)).length;
    for (let at = 0; at < hosts.length; at += BATCH) {
      released += await this.#give(group, hosts.slice(at, at + BATCH), clusterUuid);
    }
    return released;
  }

  async #readUnused(group: string, { queue, missing }: Look): Promise<void> {
    const { link, quotas, writeMs, now } = this.#options;
    if (now() < queue.lookAgainAt) return;
    const key = KEYS.unused(group);
    const [at, flat] = (await link.run(READ, key, [], writeMs)) as [string, string[]];
    const unused: SparePlace[] = [];
    for (let field = 0; field < flat.length; field += 2) {
      unused.push({ place: flat[field]!, ...readWords(flat[field + 1]!) });
    }
    const spare = this.#spareOf(unused, { now: Number(at), most: quotas.groupClaims });
    queue.spare = nextOf(spare, missing);
    if (spare.length === 0) queue.lookAgainAt = now() + LOOK_AGAIN_MS;
  }

  /**
   * Finds what no message said, and forgets names of what the group does not hold. A name without an
   * owner may be about to be claimed by somebody: it goes when it had none the last time either.
   */
  async #lookAtAll(group: string, { queue, missing }: Look): Promise<void> {
    const { link, now, writeMs } = this.#options;
    if (now() - queue.lookedAtAllAt < LOOK_AT_ALL_MS) return;
    queue.lookedAtAllAt = now();
    const key = KEYS.claims(group);
    const named = (await link.command(key, ["SMEMBERS", key], writeMs)) as string[];
    const unowned = new Set<string>();
    const gone: string[] = [];
    const unused: SparePlace[] = [];
    let time = 0;
    for await (const { place, claim, unused: said, readAt } of this.#read(named)) {
      time = readAt;
      if (claim === undefined) unowned.add(place);
      if (claim === undefined ? queue.unowned.has(place) : claim.group !== group) gone.push(place);
      else if (said !== undefined) unused.push({ place, ...said });
    }
    queue.unowned = unowned;
    if (gone.length > 0) await this.forget(group, gone);
    const spare = this.#spareOf(unused, { now: time, most: 0 });
    await this.note(
      group,
      spare.map((one) => [one.place, one]),
    );
    await this.#readUnused(group, { queue, missing });
  }

  /** The group does not hold these after all, or no longer. */
  async forget(group: string, hosts: readonly string[]): Promise<void> {
    const { link, writeMs } = this.#options;
    const [names, unused] = [KEYS.claims(group), KEYS.unused(group)];
    for (let at = 0; at < hosts.length; at += BATCH) {
      const some = hosts.slice(at, at + BATCH);
      await link.command(names, ["SREM", names, ...some], writeMs);
      await link.command(unused, ["HDEL", unused, ...some], writeMs);
    }
  }

  async #readPorts(group: string, queue: Queue): Promise<void> {
    const { link, quotas, writeMs, now } = this.#options;
    const flat = (await link.command(KEYS.ports, ["HGETALL", KEYS.ports], writeMs)) as string[];
    const places: string[] = [];
    for (let at = 0; at < flat.length; at += 2) {
      if (flat[at + 1]!.startsWith(`${groupTag(group)} `)) {
        places.push(portPlace(Number(flat[at])));
      }
    }
    const unused: SparePlace[] = [];
    let time = 0;
    for await (const { place, claim, unused: said, readAt } of this.#read(places)) {
      time = readAt;
      if (claim?.group === group && said !== undefined) unused.push({ place, ...said });
    }
    queue.spare = this.#spareOf(unused, { now: time, most: quotas.groupPorts });
    if (queue.spare.length === 0) queue.lookAgainAt = now() + LOOK_AGAIN_MS;
  }

  /** How many are missing then. */
  async #giveOf(group: string, { spare }: Queue, wanted: number): Promise<number> {
    let missing = wanted;
    while (missing > 0 && spare.length > 0) {
      missing -= await this.#give(group, spare.splice(0, Math.min(missing, BATCH)));
    }
    return missing;
  }

  /** How many of them are given up. They are named until then: who stops in between leaves a name too many. */
  async #give(group: string, spare: readonly SparePlace[], but?: string): Promise<number> {
    const { link, writeMs, giveUp } = this.#options;
    const args = spare.flatMap((one) => [one.place, wordsOf(one)]);
    const given = (await link.run(GIVE, KEYS.unused(group), args, writeMs)) as string[];
    const served = new Set(await giveUp(group, given, but));
    await this.forget(
      group,
      given.filter((place) => !served.has(place)),
    );
    return given.length - served.size;
  }

  /** After Redis was away, what went with its cluster may be served: it is about to be written again. */
  #spareOf(all: readonly SparePlace[], when: { now: number; most: number }): SparePlace[] {
    const { link, ttlMs, now } = this.#options;
    const isKnown = now() - link.healthySince > ttlMs;
    return spareOf(
      all.filter(({ withdrawn }) => withdrawn || isKnown),
      when,
    );
  }

  async *#read(places: readonly string[]): AsyncGenerator<PlaceRecord & { readAt: number }> {
    const { link, writeMs } = this.#options;
    for (let at = 0; at < places.length; at += BATCH) {
      const some = places.slice(at, at + BATCH).map(async (place) => {
        const reply = await link.run(READ, KEYS.place(place), [], writeMs);
        const [now, flat] = reply as [string, string[]];
        return { ...readPlace(place, Number(now), flat), readAt: Number(now) };
      });
      yield* await Promise.all(some);
    }
  }

  #queueOf(name: string): Queue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    if (this.#queues.size >= MOST_GROUPS) this.#queues.clear();
    const fresh: Queue = {
      spare: [],
      lookAgainAt: -Infinity,
      lookedAtAllAt: -Infinity,
      unowned: new Set(),
    };
    this.#queues.set(name, fresh);
    return fresh;
  }
}

/** A place that has no routes. */
export interface SparePlace extends Unused {
  readonly place: string;
}

/** What of a group goes next, and when it is looked at anew. */
interface Queue {
  spare: SparePlace[];
  lookAgainAt: number;
  lookedAtAllAt: number;
  /** Names that nobody owned the last time. */
  unowned: ReadonlySet<string>;
}

interface Look {
  readonly queue: Queue;
  readonly missing: number;
}

/** "since withdrawn CLUSTER NAMESPACE". */
function wordsOf({ since, withdrawn, clusterUuid, namespace }: Unused): string {
  return `${since} ${Number(withdrawn)} ${clusterUuid} ${namespace}`;
}

function readWords(text: string): Unused {
  const [since, withdrawn, clusterUuid = "", ...namespace] = text.split(" ");
  const owner = { clusterUuid, namespace: namespace.join(" ") };
  return { since: Number(since), withdrawn: withdrawn === "1", ...owner };
}
