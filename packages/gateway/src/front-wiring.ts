import { randomId, TrustedProxies, type Clock } from "@warren/host";
import { TUNNEL_PATH, WireError } from "@warren/wire";
import { Access } from "./access/access.ts";
import { BASIC_AUTH, type BasicAuthOptions } from "./access/basic-auth.ts";
import type { GatewayConfig } from "./config.ts";
import type { Core } from "./core.ts";
import type { FrontDeps, ReservedRequest } from "./front/front-context.ts";
import type { LimitRates } from "./ports.ts";
import { rolledOut } from "./rollout/rollout.ts";
import type { Agents } from "./tunnels/agents.ts";
import { refuse } from "./tunnels/handshake.ts";

export function listenersOf(
  { http, tls, tcpPorts }: GatewayConfig,
  sockets: ReadonlyMap<string, number>,
) {
  return {
    http: {
      ...http,
      fd: sockets.get("http") ?? sockets.get("0"),
      said: { host: "--listen", port: "--port" },
    },
    tls:
      tls === undefined
        ? undefined
        : {
            host: tls.host,
            port: tls.port,
            fd: sockets.get("tls") ?? sockets.get("1"),
            said: { host: "--listen", port: "--tls-port" },
          },
    tcpHost: tcpPorts?.host,
  };
}

export function frontSettings(config: GatewayConfig) {
  const { acceptProxyProtocol, healthPath, rollout, timeouts, tls } = config;
  return {
    headMs: timeouts.headMs,
    slowMs: timeouts.slowMs,
    healthPath,
    redirectPort: tls?.redirectPort,
    redirect: tls?.redirect ?? false,
    hstsSeconds: tls?.hstsSeconds ?? 0,
    fallback: rollout.fallback,
    acceptProxyProtocol,
  };
}

export function frontDeps(config: GatewayConfig, core: Core): FrontDeps {
  const { agents, clock, dispatcher, events, hosts, limits, lookup, readiness, registry } = core;
  const lookups: FrontDeps["registry"] = {
    lookup: (question) => lookup.lookup(question),
    lookupServerName: (host) => registry.lookupServerName(host),
    lookupPort: (port) => registry.lookupPort(port),
    publicPorts: () => registry.publicPorts(),
    onPublicPorts: (heard) => registry.onPublicPorts(heard),
  };
  return {
    registry: rolledOut(lookups, core.rollout),
    dispatch: dispatcher,
    limits,
    access: new Access(passwordsOf(config, clock)),
    trusted: new TrustedProxies(config.trustedProxies),
    certificates: hosts.certificates,
    challenges: hosts.acme?.challenges,
    clock,
    events,
    newRequestId: requestIds(),
    tokenRates: (clusterUuid) => ratesOf(core, clusterUuid),
    onReserved: (request) => onReserved(config, agents, request),
    ready: () => readiness.ready,
  };
}

function passwordsOf({ passwords }: GatewayConfig, clock: Clock): BasicAuthOptions {
  const { atOnce, waiting, perSecond, burst } = passwords;
  const tries = { per_second: perSecond, burst };
  return { ...BASIC_AUTH, atOnce, waiting, tries, now: () => clock.now() };
}

/** Unique over gateways and restarts by a random beginning; random bytes for each would cost 6 us. */
function requestIds(): () => string {
  const beginning = randomId(8, "hex");
  let count = 0;
  return () => `${beginning}-${(++count).toString(36)}`;
}

const NO_RATES = { cluster: undefined, client: undefined };

/** The limits of the token behind a cluster's tunnels, wherever those are. */
function ratesOf(
  { links, registry }: Core,
  clusterUuid: string,
): Pick<LimitRates, "cluster" | "client"> {
  const identity = links.cluster(clusterUuid)?.agents[0]?.association.identity;
  if (identity !== undefined) return { cluster: identity.rate, client: identity.clientRate };
  const places = registry.directory.tunnelsOf(clusterUuid);
  return places instanceof Promise ? NO_RATES : (places[0]?.rates ?? NO_RATES);
}

function onReserved(config: GatewayConfig, agents: Agents, request: ReservedRequest): void {
  const { client, head, rest, socket } = request;
  const path = head.target.split("?", 1)[0];
  if (path !== TUNNEL_PATH || config.agents !== undefined)
    return refuse(socket, new WireError("no_route", "nothing is served here"));
  const headers: Record<string, string> = {};
  for (let i = 0; i < head.fields.length; i += 2) {
    const name = head.fields[i]!.toLowerCase();
    const value = head.fields[i + 1]!;
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  const upgrade = {
    request: { method: head.method, url: head.target, headers },
    socket,
    head: rest,
  };
  void agents.accept(upgrade, client.address);
}
