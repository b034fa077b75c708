import { backendsOf, CODES, keepsAllOut } from "@warren/wire";
import { shownPolicy } from "./admin/shown-policy.ts";
import type { Direct } from "./direct/direct.ts";
import type { Matched, Registry } from "./ports.ts";
import type { Dispatcher } from "./tunnels/dispatcher.ts";
import type { Links } from "./tunnels/links.ts";

export interface WhyDeps {
  gatewayId: string;
  registry: Pick<Registry, "presence" | "directory">;
  /** As requests look routes up: a roll-out leaves clusters out. */
  lookups: Pick<Registry, "lookup">;
  direct: Pick<Direct, "standing"> | undefined;
  dispatcher: Dispatcher;
  links: Links;
}

/** Which route, cluster, gateway, agent and policy would serve a URL now, and why. JSON. */
export async function why(deps: WhyDeps, url: URL, method: string): Promise<object> {
  const question = {
    // As the front reads a Host: a trailing dot stands for the root.
    host: url.hostname.toLowerCase().replace(/\.$/, ""),
    method,
    target: `${url.pathname}${url.search}`,
    field: () => undefined,
    secure: url.protocol === "https:",
  };
  const answer = await deps.lookups.lookup(question);
  const asked = { url: url.href, method };
  if ("refused" in answer) {
    const { refused: code, message } = answer;
    return { ...asked, served: false, status: CODES[code].http, code, message };
  }
  const matched = answer.found;
  const clusters = await clustersOf(deps, matched);
  const isShut = keepsAllOut(matched.policy);
  const first = clusters.find(
    ({ agents, direct }) => direct?.usable === true || agents.some((agent) => agent.usable),
  );
  const redirect = matched.filters?.redirect;
  return {
    ...asked,
    served: !isShut && (first !== undefined || redirect !== undefined),
    ...(isShut && SHUT),
    ...(!isShut && redirect !== undefined && { redirect: redirect.status }),
    ...(!isShut &&
      first === undefined &&
      redirect === undefined &&
      refusal(deps.dispatcher, matched)),
    host: matched.host,
    clusters,
    policy: shownPolicy(matched.policy),
  };
}

const SHUT = {
  status: CODES.forbidden.http,
  code: "forbidden",
  message:
    "everybody is kept out of this place: its Ingress is left out or refused (`kubectl describe ingress`), or its policy denies all",
};

function refusal(dispatcher: Dispatcher, { entries }: Matched) {
  const { http: status, code } = dispatcher.unavailable(entries.map((one) => one.clusterUuid));
  return { status, code };
}

async function clustersOf(deps: WhyDeps, matched: Matched) {
  const reasons = deps.dispatcher.why(matched);
  return Promise.all(
    reasons.map(async ({ index, uuid, standing, text }) => {
      const entry = matched.entries[index]!;
      const { route } = entry;
      return {
        cluster_uuid: uuid,
        cluster: deps.links.cluster(uuid)?.name,
        standing,
        reason: text,
        route: {
          host: route.host,
          path: route.path,
          path_type: route.path_type,
          kind: route.kind,
          ingress: route.ingress_name,
          protocol: route.protocol,
          mode: route.mode ?? "tunnel",
          filters: route.filters,
          backends: backendsOf(route),
          revision: entry.revision,
        },
        direct: route.mode === undefined ? undefined : deps.direct?.standing(entry),
        agents: route.mode === "direct" ? [] : await agentsOf(deps, uuid),
      };
    }),
  );
}

async function agentsOf(
  { gatewayId, links, registry }: WhyDeps,
  uuid: string,
): Promise<AgentView[]> {
  const here = (links.cluster(uuid)?.agents ?? []).map((agent) => ({
    agent_id: agent.agentId,
    gateway: gatewayId,
    usable: agent.usable,
    ready: agent.readyAt < Infinity,
    outstanding: agent.outstanding,
  }));
  const places = await registry.directory.tunnelsOf(uuid);
  const elsewhere = places
    .filter((place) => place.gatewayId !== gatewayId)
    .map(({ agentId, gatewayId: gateway, unready }) => ({
      agent_id: agentId,
      gateway,
      usable: true,
      ready: unready !== true,
    }));
  return [...here, ...elsewhere];
}

interface AgentView {
  agent_id: string;
  gateway: string;
  usable: boolean;
  /** It knows what its cluster publishes. */
  ready: boolean;
  outstanding?: number;
}
