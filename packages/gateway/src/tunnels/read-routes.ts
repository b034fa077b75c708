import { describe, parseControl, Route } from "@warren/wire";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as v from "valibot";
import type { RouteVerdict } from "../ports.ts";
import { NO_ROOM, type Refusal } from "../registry/admission.ts";
import type { RoutesHead } from "../registry/snapshot-parts.ts";

/** Rejections that one answer names: more would not fit into a control message. */
export const MOST_NAMED = 500;
/** Longest text of a field there. */
export const WORD = 512;
/** Routes that are checked in one turn of the event loop. */
const ROUTES_PER_TURN = 1_000;

export type Rejection = RouteVerdict["rejected"][number];

export interface ReadRoutes {
  routes: Route[];
  /** As many as an answer can name. */
  rejected: Rejection[];
}

/**
 * Reads the routes of a message, or of the parts of one. What is wrong with one is said of that one
 * alone. Those beyond `most` are not looked at: no cluster can have so many.
 */
export async function readRoutes(texts: readonly string[], most: number): Promise<ReadRoutes> {
  const read: ReadRoutes = { routes: [], rejected: [] };
  let seen = 0;
  for (const text of texts) {
    // Other clusters' requests do not wait for a large snapshot.
    if (seen > 0) await nextTurn();
    for (const said of routesOf(text)) {
      if (++seen > most && read.rejected.length >= MOST_NAMED) return read;
      if (seen % ROUTES_PER_TURN === 0) await nextTurn();
      const route = seen > most ? NO_ROOM : readRoute(said);
      if (!("code" in route)) read.routes.push(route);
      else if (read.rejected.length < MOST_NAMED) read.rejected.push(rejectionOf(said, route));
    }
  }
  return read;
}

/** What a message is about, and nothing of its routes. */
export function headOf({ action, revision, part }: RoutesHead): RoutesHead {
  return { action, revision, ...(part && { part }) };
}

/** Names what was refused as well as it can be named. */
export function rejectionOf(said: unknown, why: Refusal): Rejection {
  const word = (name: string): string => {
    const value: unknown =
      typeof said === "object" && said !== null ? Reflect.get(said, name) : undefined;
    return typeof value === "string" ? value.slice(0, WORD) : "";
  };
  return { host: word("host"), path: word("path"), ...why };
}

function routesOf(text: string): readonly unknown[] {
  const parsed = parseControl(text);
  return parsed.ok && parsed.message.type === "ingress_routes" ? parsed.message.payload.routes : [];
}

function readRoute(said: unknown): Route | Refusal {
  const parsed = v.safeParse(Route, said);
  return parsed.success
    ? parsed.output
    : { code: "invalid_route", message: describe(parsed.issues) };
}
