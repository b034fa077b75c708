import type { RouteChange } from "../../ports.ts";
import type { PortRange } from "../admission.ts";
import { KEYS } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";
import { GATE, TAKE_PORT } from "./scripts.ts";

/** Fields of one command, so that no single one holds Redis up. */
const BATCH = 500;

/**
 * What Redis knows of a cluster apart from its places: its revision, and in which places it has how
 * many routes. It lives as long as the routes do.
 */
export class ClusterIndex {
  readonly #link: RedisLink;
  readonly #ttlMs: number;
  readonly #writeMs: number;

  constructor(link: RedisLink, ttlMs: number, writeMs: number) {
    this.#link = link;
    this.#ttlMs = ttlMs;
    this.#writeMs = writeMs;
  }

  /** Admits a message unless a newer one was; the revision in force. */
  async admit({ clusterUuid, revision, action }: RouteChange): Promise<Admission> {
    const args = [String(revision ?? ""), action === "sync" ? "sync" : ""];
    const reply = await this.#link.run(GATE, KEYS.cluster(clusterUuid), args, this.#writeMs);
    const [admitted, text] = reply as [number, string];
    return { admitted: admitted === 1, revision: text === "" ? undefined : Number(text) };
  }

  /** Revision of the newest snapshot, 0 for none. */
  async newestSync(clusterUuid: string): Promise<number> {
    return Number((await this.#command(clusterUuid, "HGET", "sync")) ?? 0);
  }

  async renew(clusterUuid: string): Promise<void> {
    await this.#command(clusterUuid, "PEXPIRE", String(this.#ttlMs));
  }

  /** Routes per place. It may name places that are empty, never too few. */
  async counts(clusterUuid: string): Promise<Map<string, number>> {
    const flat = (await this.#command(clusterUuid, "HGETALL")) as string[];
    const counts = new Map<string, number>();
    for (let at = 0; at < flat.length; at += 2) {
      if (flat[at]!.startsWith("h ")) counts.set(flat[at]!.slice(2), Number(flat[at + 1]));
    }
    return counts;
  }

  /** Notes counts; a place with none is left out from now on. */
  async note(clusterUuid: string, counts: Iterable<[place: string, count: number]>): Promise<void> {
    const all = [...counts];
    const some = all.filter(([, count]) => count > 0);
    const none = all.filter(([, count]) => count === 0).map(([place]) => `h ${place}`);
    const fields = some.flatMap(([place, count]) => [`h ${place}`, String(count)]);
    for (let at = 0; at < fields.length; at += BATCH) {
      await this.#command(clusterUuid, "HSET", ...fields.slice(at, at + BATCH));
    }
    for (let at = 0; at < none.length; at += BATCH) {
      await this.#command(clusterUuid, "HDEL", ...none.slice(at, at + BATCH));
    }
    await this.renew(clusterUuid);
  }

  /** A public port, as TAKE_PORT says; undefined when none is free. */
  async takePort(
    owner: string,
    wanted: number | undefined,
    { from, to }: PortRange,
  ): Promise<number | undefined> {
    const args = [owner, String(wanted ?? ""), String(from), String(to)];
    const port = (await this.#link.run(TAKE_PORT, KEYS.ports, args, this.#writeMs)) as string;
    return port === "" ? undefined : Number(port);
  }

  #command(clusterUuid: string, name: string, ...args: string[]): Promise<unknown> {
    const key = KEYS.cluster(clusterUuid);
    return this.#link.command(key, [name, key, ...args], this.#writeMs);
  }
}

export interface Admission {
  admitted: boolean;
  revision: number | undefined;
}
