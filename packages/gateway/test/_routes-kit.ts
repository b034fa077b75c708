import { Route, routeKey, type RouteInput } from "@warren/wire";
import * as v from "valibot";
import type { RouteAnswer, RouteChange, RouteEntry, RouteQuestion } from "../src/ports.ts";

/** A route as it is after validation; a service named `web` on port 80 unless said otherwise. */
export function route(given: Partial<RouteInput>): Route {
  return v.parse(Route, { host: "a.test", service: "web", port: 80, ...given });
}

export function entry(given: Partial<RouteInput>, clusterUuid = "c1"): RouteEntry {
  const made = route(given);
  return {
    clusterUuid,
    group: "g1",
    key: routeKey(made),
    route: made,
    revision: 1,
    updatedAt: 0,
    publicPort: undefined,
  };
}

/** `GET host/target`, with fields as given. */
export function asked(
  host: string,
  target = "/",
  {
    method = "GET",
    fields = {},
    secure = false,
  }: { method?: string; fields?: Record<string, string>; secure?: boolean } = {},
): RouteQuestion {
  return { host, method, target, field: (name) => fields[name], secure };
}

/** The services that an answer leads to, as `cluster/service`, or the code of a refusal. */
export function services(answer: RouteAnswer): string[] | string {
  if ("refused" in answer) return answer.refused;
  return answer.found.entries.map((one) => `${one.clusterUuid}/${one.route.service}`);
}

export function change(given: Partial<RouteChange>): RouteChange {
  return {
    clusterUuid: "c1",
    group: given.clusterUuid ?? "c1",
    tokenId: `token-of-${given.clusterUuid ?? "c1"}`,
    allowed: ["*"],
    tcpAllowed: true,
    action: "sync",
    revision: undefined,
    routes: [],
    ...given,
  };
}
