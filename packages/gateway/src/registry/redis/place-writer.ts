import type { Route } from "@warren/wire";
import type { Claim, RouteChange } from "../../ports.ts";
import type { Unused } from "../spare-claims.ts";
import { portOfPlace } from "../../routes/host-pattern.ts";
import { groupTag, KEYS } from "./keys.ts";
import type { PlaceChange } from "./own-routes.ts";
import type { PlaceCopies } from "./place-copies.ts";
import { readPlace, routeStrings, type PlaceRecord } from "./place-record.ts";
import type { RegistryLink } from "./registry-link.ts";
import { DERIVE, READ, RELEASE, RENEW, WITHDRAW, WRITE } from "./scripts.ts";

export interface PlaceWriterOptions {
  link: RegistryLink;
  copies: PlaceCopies;
  ttlMs: number;
  /** For work off the request path, which may queue behind a batch of its own. */
  writeMs: number;
  wallClock: () => number;
}

export interface Written {
  how: "changed" | "same" | "taken" | "stale";
  /** Routes that the cluster has in the place now. */
  count: number;
  /** Nobody has any. */
  unused: Unused | undefined;
  /** Another group's claim gave way. */
  gave: GaveWay | undefined;
}

export interface GaveWay {
  readonly group: string;
  /** Of the routes that were there, by cluster. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
}

/** Writes places, and the documented `route:` strings that are made of them. */
export class PlaceWriter {
  readonly #options: PlaceWriterOptions;

  constructor(options: PlaceWriterOptions) {
    this.#options = options;
  }

  /** Writes one cluster's part of a place. Rejects when Redis does not answer. */
  async write(
    place: string,
    change: PlaceChange,
    said: Omit<RouteChange, "routes">,
  ): Promise<Written> {
    const { link, ttlMs, writeMs, copies, wallClock } = this.#options;
    const { group, clusterUuid, tokenId } = said;
    const own: Claim = { host: place, group, clusterUuid, tokenId, since: wallClock() };
    const claim: Claim = said.isBorrowed?.(place) === true ? { ...own, borrowed: true } : own;
    const head = [clusterUuid, group, JSON.stringify(claim), tokenId, String(ttlMs)];
    const args = [...head, String(said.revision ?? ""), change.mode, ...fieldsOf(change)];
    const reply = await link.run(WRITE, KEYS.place(place), args, writeMs);
    const [status, changed, now, flat, removed, gave = []] = reply as Reply;
    if (status !== "ok") return { how: status, count: 0, unused: undefined, gave: undefined };
    const record = readPlace(place, Number(now), flat);
    copies.keep(record);
    if (record.claim !== undefined) {
      await link.command(KEYS.places, ["ZADD", KEYS.places, "0", place], writeMs);
    }
    if (portOfPlace(place) !== undefined && record.claim !== undefined) {
      await this.keepPort(place, record.claim.group);
    }
    await this.#derive(record, removed);
    const { length } = record.entries.filter((entry) => entry.clusterUuid === clusterUuid);
    const how = changed === 1 ? "changed" : "same";
    return { how, count: length, unused: record.unused, gave: readGave(gave) };
  }

  /** Renews a cluster's routes of a place and their strings. False when they are not there. */
  async renew(place: string, clusterUuid: string): Promise<boolean> {
    const { link, ttlMs, writeMs } = this.#options;
    const args = [clusterUuid, String(ttlMs)];
    const found = await link.run(RENEW, KEYS.place(place), args, writeMs);
    if (found === 0) return false;
    await this.#derive(await this.read(place), []);
    return true;
  }

  /** Takes back what an older message wrote beside a newer snapshot, here and in the strings as well. */
  async withdraw(place: string, clusterUuid: string, revision: number): Promise<void> {
    const { link, writeMs } = this.#options;
    const args = [clusterUuid, String(revision)];
    const removed = (await link.run(WITHDRAW, KEYS.place(place), args, writeMs)) as string[];
    if (removed.length > 0) await this.#derive(await this.read(place), removed);
  }

  async read(place: string): Promise<PlaceRecord> {
    const { link, writeMs, copies } = this.#options;
    const reply = await link.run(READ, KEYS.place(place), [], writeMs);
    const [now, flat] = reply as [string, string[]];
    const record = readPlace(place, Number(now), flat);
    copies.keep(record);
    return record;
  }

  /**
   * Gives a place up. With a token: only if the claim was last made under it, and no other cluster
   * shares it. With a group: only if it is that group's, unused, and waits for no cluster that is away
   * `but` this. Answers the claim and the routes there, undefined when nothing was given up, `served`
   * when the group uses it, or may.
   */
  async release(
    place: string,
    { tokenId = "", group = "", but = "" }: { tokenId?: string; group?: string; but?: string },
  ): Promise<PlaceRecord | "served" | undefined> {
    const { link, writeMs } = this.#options;
    const reply = await link.run(RELEASE, KEYS.place(place), [tokenId, group, but], writeMs);
    const flat = reply as string[];
    if (flat[0] === "served") return "served";
    if (flat.length === 0) return undefined;
    const record = readPlace(place, 0, flat);
    const gone = new Set(record.entries.map(({ route }) => JSON.stringify(route)));
    await this.#derive({ ...record, entries: [] }, [...gone]);
    await this.#unlist(place);
    await this.read(place);
    return record;
  }

  /** The index follows: it is looked at again, since the place may have been claimed meanwhile. */
  async #unlist(place: string): Promise<void> {
    const { link, writeMs } = this.#options;
    await link.command(KEYS.places, ["ZREM", KEYS.places, place], writeMs);
    const port = portOfPlace(place);
    if (port !== undefined) {
      await link.command(KEYS.ports, ["HDEL", KEYS.ports, String(port)], writeMs);
    }
    const key = KEYS.place(place);
    const owner = (await link.command(key, ["HGET", key, "g"], writeMs)) as string | null;
    if (owner === null) return;
    await link.command(KEYS.places, ["ZADD", KEYS.places, "0", place], writeMs);
    await this.keepPort(place, owner);
  }

  /** A port is its group's, also where somebody gave it up as this came. Nothing for a host. */
  async keepPort(place: string, group: string): Promise<void> {
    const { link, writeMs } = this.#options;
    const port = portOfPlace(place);
    if (port === undefined) return;
    const args = ["HSETNX", KEYS.ports, String(port), `${groupTag(group)} `];
    await link.command(KEYS.ports, args, writeMs);
  }

  /** Writes the strings of a place, and removes those of paths that it no longer has. */
  async #derive(record: PlaceRecord, removed: readonly string[]): Promise<void> {
    const strings = routeStrings(record);
    for (const text of removed) {
      const key = KEYS.route(record.place, (JSON.parse(text) as Route).path);
      if (!strings.has(key)) strings.set(key, "");
    }
    const { link, ttlMs, writeMs } = this.#options;
    const version = String(record.version);
    const writes = [...strings].map(([key, text]) =>
      link.run(DERIVE, key, [version, String(ttlMs), text], writeMs),
    );
    await Promise.all(writes);
  }
}

type Reply = [
  status: "ok" | "taken" | "stale",
  changed: number,
  now: string,
  flat: string[],
  removed: string[],
  gave: string[] | undefined,
];

function readGave([group, ...fields]: readonly string[]): GaveWay | undefined {
  if (group === undefined) return undefined;
  const keys = new Map<string, string[]>();
  for (const field of fields) {
    const space = field.indexOf(" ", 2);
    const clusterUuid = field.slice(2, space);
    const mine = keys.get(clusterUuid) ?? [];
    mine.push(field.slice(space + 1));
    keys.set(clusterUuid, mine);
  }
  return { group, keys };
}

function fieldsOf({ mode, routes }: PlaceChange): string[] {
  if (mode === "remove") return [...routes.keys()];
  return [...routes].flatMap(([key, route]) => [key, JSON.stringify(route)]);
}
