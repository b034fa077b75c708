import * as v from "valibot";
import { WireError } from "@warren/wire";
import type { RouteEntry } from "../ports.ts";
import { portPlace } from "../routes/host-pattern.ts";
import type { AdminPorts } from "./admin-ports.ts";
import { pageAsked, pageOf, type Page } from "./paging.ts";
import { shownPolicy } from "./shown-policy.ts";

/** A request, once it may go on. */
export interface AdminCall {
  /** What the path holds after the endpoint's own, decoded. */
  rest: string;
  query: URLSearchParams;
  body: unknown;
}

export interface AdminReply {
  status: number;
  type: string;
  body: string;
}

export interface Endpoint {
  method: "GET" | "POST" | "DELETE";
  /** Whole path, or with a `/` at the end what a path begins with. */
  path: string;
  /** What it does, for the list at `/`. */
  about: string;
  answer(call: AdminCall): AdminReply | Promise<AdminReply>;
}

/** JSON that a person can read. */
export function json(status: number, value: unknown): AdminReply {
  return { status, type: "application/json", body: `${JSON.stringify(value, undefined, 2)}\n` };
}
const ok = (value: unknown): AdminReply => json(200, value);

/** What the admin listener can be asked; anything but GET changes something. */
export function endpointsOf(ports: AdminPorts): Endpoint[] {
  return [...health(ports), ...views(ports), ...changes(ports)];
}

function health(ports: AdminPorts): Endpoint[] {
  return [
    {
      method: "GET",
      path: "/healthz",
      about: "the process lives",
      answer: () => ok({ status: "ok" }),
    },
    {
      method: "GET",
      path: "/readyz",
      about: "200 while new work is welcome, 503 while draining",
      answer: () => {
        const ready = ports.ready();
        return json(ready ? 200 : 503, { ready });
      },
    },
    {
      method: "GET",
      path: "/metrics",
      about: "Prometheus metrics",
      answer: async () => {
        const { metrics } = ports;
        return { status: 200, type: metrics.contentType, body: await metrics.text() };
      },
    },
  ];
}

function views(ports: AdminPorts): Endpoint[] {
  const { registry } = ports;
  const view = (path: string, about: string, answer: Endpoint["answer"]): Endpoint => {
    return { method: "GET", path, about, answer };
  };
  return [
    view("/routes", "published routes, by host (?after=&limit=)", async ({ query }) =>
      ok(await routesPage(ports, query)),
    ),
    view("/tunnels", "tunnels of this gateway (?after=&limit=)", ({ query }) =>
      ok(pageOf(ports.tunnels(), tunnelKey, pageAsked(query))),
    ),
    view("/claims", "who owns which host (?after=&limit=)", async ({ query }) =>
      ok(pageOf(await registry.claims(), ({ host }) => host, pageAsked(query))),
    ),
    view("/revocations", "token ids that no longer count (?after=&limit=)", async ({ query }) =>
      ok(pageOf(await registry.revocations.list(), (id) => id, pageAsked(query))),
    ),
    view("/rollout", "which private clusters are served", async () => ok(await ports.rollout())),
    view("/why", "what would serve ?url=, and why (&method=)", async ({ query }) =>
      ok(await ports.why(urlAsked(query), query.get("method")?.toUpperCase() ?? "GET")),
    ),
  ];
}

function changes(ports: AdminPorts): Endpoint[] {
  const { registry, events } = ports;
  return [
    {
      method: "POST",
      path: "/revocations",
      about: 'revokes a token: {"token_id": "..."}',
      answer: async ({ body }) => {
        const asked = v.safeParse(Revocation, body);
        if (!asked.success)
          throw new WireError("bad_request", 'the body must be {"token_id": "..."}');
        await registry.revocations.revoke(asked.output.token_id);
        events.tokenRevoked(asked.output.token_id);
        return ok({ revoked: asked.output.token_id });
      },
    },
    {
      method: "DELETE",
      path: "/claims/",
      about: "gives a host up, for another group to claim",
      answer: async ({ rest }) => {
        const host = rest.toLowerCase();
        if (!(await registry.release(host)))
          throw new WireError("no_route", "nobody claims this host");
        return ok({ released: host });
      },
    },
    {
      method: "DELETE",
      path: "/claims",
      about: "gives up all that have no routes (?unused=true&cluster=)",
      answer: async ({ query }) => {
        // A path that was cut short is not to release anything.
        if (query.get("unused") !== "true")
          throw new WireError("bad_request", "say ?unused=true, or a host in the path");
        const released = await registry.releaseUnused(query.get("cluster") ?? undefined);
        return ok({ released });
      },
    },
    {
      method: "POST",
      path: "/drain",
      about: "not ready; finishes what there is, then ends",
      answer: () => {
        ports.drain();
        return json(202, { draining: true });
      },
    },
  ];
}

const Revocation = v.strictObject({
  token_id: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
});

function tunnelKey({
  cluster_uuid: cluster,
  agent_id: agent,
  tunnel,
}: ReturnType<AdminPorts["tunnels"]>[number]): string {
  return `${cluster} ${agent} ${tunnel}`;
}

function urlAsked(query: URLSearchParams): URL {
  const url = URL.parse(query.get("url") ?? "");
  if (url === null || !/^(https?|wss?):$/.test(url.protocol))
    throw new WireError("bad_request", "url must be a whole http, https, ws or wss URL");
  return url;
}

/** The registry gives whole hosts, in their order: a page may be longer than asked, never torn. */
async function routesPage(
  { registry }: AdminPorts,
  query: URLSearchParams,
): Promise<Page<RouteEntry>> {
  const asked = pageAsked(query);
  const items = await registry.routes(asked);
  const last = items.length < asked.limit ? undefined : items.at(-1);
  return { items: items.map(shown), next: last === undefined ? null : placeOf(last) };
}

function shown(entry: RouteEntry): RouteEntry {
  const { route } = entry;
  return { ...entry, route: { ...route, policy: shownPolicy(route.policy) } };
}

/** Under what the registry orders a route: its host, or its public port. */
function placeOf({ route, publicPort }: RouteEntry): string {
  return publicPort === undefined ? route.host : portPlace(publicPort);
}
