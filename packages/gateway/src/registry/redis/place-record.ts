import { backendsOf, type Route } from "@warren/wire";
import type { Claim, RouteEntry } from "../../ports.ts";
import { portOfPlace } from "../../routes/host-pattern.ts";
import { isAwaited, lapseOf, leftBy, type Lapse, type Unused } from "../spare-claims.ts";
import { KEYS } from "./keys.ts";

/** A place as Redis has it (scripts.ts says how), read at one moment of Redis's clock. */
export interface PlaceRecord {
  readonly place: string;
  readonly version: number;
  readonly claim: Claim | undefined;
  /** In publication order: by when their cluster first came, then by key. */
  readonly entries: readonly RouteEntry[];
  /** Where it is claimed and has none. */
  readonly unused: Unused | undefined;
  /** Until the first cluster's routes end, unless renewed; Infinity without routes. */
  readonly leftMs: number;
}

interface Life {
  until: number;
  revision: number;
  updatedAt: number;
  since: number;
}

/** `flat` is field, value, field, value... */
export function readPlace(place: string, now: number, flat: readonly string[]): PlaceRecord {
  const fields = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) fields.set(flat[at]!, flat[at + 1]!);
  const lives = livesOf(fields, now);
  const group = fields.get("g") ?? "";
  const entries: RouteEntry[] = [];
  for (const [field, value] of fields) {
    if (!field.startsWith("r ")) continue;
    const space = field.indexOf(" ", 2);
    const clusterUuid = field.slice(2, space);
    const life = lives.get(clusterUuid);
    if (life === undefined) continue;
    const { revision, updatedAt } = life;
    const route = JSON.parse(value) as Route;
    const publicPort = portOfPlace(place);
    const key = field.slice(space + 1);
    entries.push({ clusterUuid, group, key, route, revision, updatedAt, publicPort });
  }
  entries.sort((a, b) => byPublication(a, b, lives));
  const version = Number(fields.get("v") ?? 0);
  const claim = claimOf(fields);
  const unused = claim === undefined || entries.length > 0 ? undefined : unusedOf(fields, now);
  return { place, version, claim, entries, unused, leftMs: leftMs(lives, now) };
}

/** Whoever went is waited for, whatever others took back since. */
function unusedOf(fields: ReadonlyMap<string, string>, now: number): Unused {
  const lapse = lastLapse(fields);
  if (isAwaited(lapse, now)) return leftBy(lapse);
  const text = fields.get("u");
  if (text !== undefined) return { ...readUnused(text), withdrawn: true };
  // Written by a release that did not say so: a day from the last change.
  return leftBy(lapse ?? { since: Number(fields.get("v") ?? 0), clusterUuid: "" });
}

/** What is said of it, and routes that are there and live no more. */
function lastLapse(fields: ReadonlyMap<string, string>): Lapse | undefined {
  const said = fields.get("w")?.split(" ");
  const away = new Set<string>();
  for (const field of fields.keys()) if (field.startsWith("r ")) away.add(field.split(" ", 2)[1]!);
  let lapse: Lapse | undefined =
    said === undefined ? undefined : { since: Number(said[0]), clusterUuid: said[1]! };
  for (const clusterUuid of away) {
    const since = parseInt(fields.get(`x ${clusterUuid}`) ?? "0", 10);
    lapse = lapseOf(lapse, { since, clusterUuid });
  }
  return lapse;
}

/** "since CLUSTER NAMESPACE". */
function readUnused(text: string): Omit<Unused, "withdrawn"> {
  const [since = "", clusterUuid = "", ...namespace] = text.split(" ");
  return { since: Number(since), clusterUuid, namespace: namespace.join(" ") };
}

function livesOf(fields: Map<string, string>, now: number): Map<string, Life> {
  const lives = new Map<string, Life>();
  for (const [field, value] of fields) {
    if (!field.startsWith("x ")) continue;
    const [until, , revision, updatedAt, since] = value.split(" ").map(Number);
    if (until! <= now) continue;
    lives.set(field.slice(2), {
      until: until!,
      revision: revision!,
      updatedAt: updatedAt!,
      since: since!,
    });
  }
  return lives;
}

function claimOf(fields: Map<string, string>): Claim | undefined {
  const text = fields.get("c");
  if (text === undefined) return undefined;
  return { ...(JSON.parse(text) as Claim), tokenId: fields.get("k") ?? "" };
}

function leftMs(lives: Map<string, Life>, now: number): number {
  let left = Infinity;
  for (const { until } of lives.values()) left = Math.min(left, until - now);
  return left;
}

function byPublication(a: RouteEntry, b: RouteEntry, lives: Map<string, Life>): number {
  const since = lives.get(a.clusterUuid)!.since - lives.get(b.clusterUuid)!.since;
  return since || compare(a.clusterUuid, b.clusterUuid) || compare(a.key, b.key);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * The documented strings of a place, by key: `{Host, Path, ClusterUUID, ServiceName, Namespace, Port,
 * TLS, UpdatedAt}` of the entry that comes first, and all of them in `entries`. `Version` stays last:
 * the script that writes them reads it there.
 */
export function routeStrings({ place, version, entries }: PlaceRecord): Map<string, string> {
  const byPath = Map.groupBy(entries, ({ route }) => KEYS.route(place, route.path));
  const strings = new Map<string, string>();
  for (const [key, all] of byPath) {
    const first = all.find(({ route }) => route.kind === "http") ?? all[0]!;
    const { service, namespace, port } = backendsOf(first.route)[0]!;
    const said = {
      Host: place,
      Path: first.route.path,
      ClusterUUID: first.clusterUuid,
      ServiceName: service,
      Namespace: namespace,
      Port: port,
      TLS: first.route.tls,
      UpdatedAt: new Date(first.updatedAt).toISOString(),
      entries: all.map(briefly),
      Version: version,
    };
    strings.set(key, JSON.stringify(said));
  }
  return strings;
}

function briefly({ clusterUuid, route, revision }: RouteEntry) {
  return {
    cluster: clusterUuid,
    path_type: route.path_type,
    ingress: route.ingress_name,
    revision,
  };
}
