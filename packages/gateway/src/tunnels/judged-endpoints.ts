import type { Route } from "@warren/wire";
import type { Refusal } from "../registry/admission.ts";
import { rejectionOf, type ReadRoutes } from "./read-routes.ts";

/** Says which routes in direct mode are not taken; `Direct` fits. */
export interface EndpointJudge {
  /** `ports`: what the token lists. Resolves the endpoint's name if need be; never rejects. */
  refusalOf(route: Route, ports: readonly number[]): Promise<Refusal | undefined>;
}

/** Endpoints that one message may name: a cluster has one or two. */
const MOST_ENDPOINTS = 16;
const TOO_MANY: Refusal = {
  code: "quota_exceeded",
  message: `one message names at most ${MOST_ENDPOINTS} endpoints`,
};
const NONE_DIALLED: Refusal = {
  code: "endpoint_not_allowed",
  message: "this gateway dials no endpoints (--direct)",
};

/**
 * The routes whose endpoints this gateway would dial, and all that name none; the others are refused
 * by name. Each endpoint is looked at once, and all of them at a time.
 */
export async function withoutRefusedEndpoints(
  { routes, rejected }: ReadRoutes,
  judge: EndpointJudge | undefined,
  ports: readonly number[],
): Promise<ReadRoutes> {
  const verdicts = new Map<string, Promise<Refusal | undefined>>();
  for (const route of routes) {
    const name = nameOf(route);
    if (name === undefined || verdicts.has(name)) continue;
    verdicts.set(name, verdictOn(route, { judge, ports, many: verdicts.size >= MOST_ENDPOINTS }));
  }
  if (verdicts.size === 0) return { routes, rejected };
  const taken: Route[] = [];
  const refused = [...rejected];
  for (const route of routes) {
    const refusal = await verdicts.get(nameOf(route) ?? "");
    if (refusal === undefined) taken.push(route);
    else refused.push(rejectionOf(route, refusal));
  }
  return { routes: taken, rejected: refused };
}

interface Judging {
  judge: EndpointJudge | undefined;
  ports: readonly number[];
  many: boolean;
}

/** Without a judge a route that also has its tunnel uses that. */
async function verdictOn(
  route: Route,
  { judge, ports, many }: Judging,
): Promise<Refusal | undefined> {
  if (many) return TOO_MANY;
  if (judge === undefined) return route.mode === "both" ? undefined : NONE_DIALLED;
  return judge.refusalOf(route, ports);
}

function nameOf({ endpoint, mode = "tunnel" }: Route): string | undefined {
  if (endpoint === undefined || mode === "tunnel") return undefined;
  return `${mode} ${endpoint.host} ${endpoint.port}`;
}
