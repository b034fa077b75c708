import { createHash } from "node:crypto";
import type { RouteChange } from "../../ports.ts";
import type { Quotas, Sized } from "../quotas.ts";
import { KEYS } from "./keys.ts";
import type { RegistryLink } from "./registry-link.ts";
import { ADMIT, FREE, NOTE } from "./index-scripts.ts";

/** Fields of one command, so that no single one holds Redis up. */
const BATCH = 500;

export interface ClusterIndexOptions {
  link: RegistryLink;
  quotas: Pick<Quotas, "clusterRoutes" | "clusterBytes">;
  ttlMs: number;
  writeMs: number;
}

/**
 * What Redis knows of a cluster apart from its places: its revision, in which places it has how many
 * routes, and how large each of them is. It lives as long as the routes do.
 */
export class ClusterIndex {
  readonly #options: ClusterIndexOptions;

  constructor(options: ClusterIndexOptions) {
    this.#options = options;
  }

  /** Admits a message unless a newer one was, and of its routes those that there is room for. */
  async admit<T extends Sized>(
    { clusterUuid, revision, action }: RouteChange,
    offers: readonly T[],
  ): Promise<Admission<T>> {
    const { link, quotas, ttlMs, writeMs } = this.#options;
    const { clusterRoutes, clusterBytes } = quotas;
    const numbers = new Map<string, number>();
    const numberOf = (namespace: string): number => {
      const number = numbers.get(namespace) ?? numbers.size;
      numbers.set(namespace, number);
      return number;
    };
    const sizes = offers.flatMap(({ key, bytes, namespace, isShut }) => {
      return [digestOf(key), String(bytes), String(numberOf(namespace)), isShut ? "2" : "1"];
    });
    const limits = [String(clusterRoutes), String(clusterBytes), String(ttlMs)];
    const args = [String(revision ?? ""), action, ...limits, ...sizes];
    const keys = [KEYS.cluster(clusterUuid), ...sizesOf(clusterUuid)] as const;
    const reply = await link.run(ADMIT, keys, args, writeMs);
    const [admitted, text, refused] = reply as [number, string, number[]];
    return {
      admitted: admitted === 1,
      revision: text === "" ? undefined : Number(text),
      refused: new Set(refused.map((at) => offers[at]!)),
    };
  }

  /** Routes that were admitted are not there after all, or no longer. */
  async free(clusterUuid: string, routeKeys: readonly string[]): Promise<void> {
    const { link, writeMs } = this.#options;
    const keys = sizesOf(clusterUuid);
    for (let at = 0; at < routeKeys.length; at += BATCH) {
      const digests = routeKeys.slice(at, at + BATCH).map(digestOf);
      await link.run(FREE, keys, digests, writeMs);
    }
  }

  async revision(clusterUuid: string): Promise<number | undefined> {
    const text = await this.#command(clusterUuid, "HGET", "revision");
    return text === null || text === "" ? undefined : Number(text);
  }

  /** Revision of the newest snapshot, 0 for none. */
  async newestSync(clusterUuid: string): Promise<number> {
    return Number((await this.#command(clusterUuid, "HGET", "sync")) ?? 0);
  }

  async renew(clusterUuid: string): Promise<void> {
    const { link, ttlMs, writeMs } = this.#options;
    const keys = [KEYS.cluster(clusterUuid), ...sizesOf(clusterUuid)];
    const args = (key: string) => ["PEXPIRE", key, String(ttlMs)];
    await Promise.all(keys.map((key) => link.command(key, args(key), writeMs)));
  }

  /** Routes per place. It may name places that are empty, never too few. */
  async counts(clusterUuid: string): Promise<Map<string, number>> {
    const flat = (await this.#command(clusterUuid, "HGETALL")) as string[];
    const counts = new Map<string, number>();
    for (let at = 0; at < flat.length; at += 2) {
      if (flat[at]!.startsWith("h ")) counts.set(flat[at]!.slice(2), parseInt(flat[at + 1]!, 10));
    }
    return counts;
  }

  /**
   * Notes counts, found by a message of this revision. A place with none is left out from now on, unless
   * a newer message was admitted: that one may have routes there by now, and would not find them again.
   */
  async note(
    { clusterUuid, revision }: { clusterUuid: string; revision: number | undefined },
    counts: Iterable<[place: string, count: number]>,
  ): Promise<void> {
    const { link, writeMs } = this.#options;
    const all = [...counts];
    for (let at = 0; at < all.length; at += BATCH) {
      const fields = all.slice(at, at + BATCH).flatMap(([place, n]) => [`h ${place}`, String(n)]);
      const args = [String(revision ?? ""), ...fields];
      await link.run(NOTE, KEYS.cluster(clusterUuid), args, writeMs);
    }
    await this.renew(clusterUuid);
  }

  #command(clusterUuid: string, name: string, ...args: string[]): Promise<unknown> {
    const key = KEYS.cluster(clusterUuid);
    return this.#options.link.command(key, [name, key, ...args], this.#options.writeMs);
  }
}

export interface Admission<T> {
  admitted: boolean;
  revision: number | undefined;
  /** There is no room for these. */
  refused: ReadonlySet<T>;
}

function sizesOf(clusterUuid: string) {
  return [KEYS.sizes(clusterUuid), KEYS.shutSizes(clusterUuid)] as const;
}

/** 128 bits for a key that may be long: to cheat, a cluster would have to find 2^64 keys of its own. */
function digestOf(key: string): string {
  return createHash("sha256").update(key).digest("base64url").slice(0, 22);
}
