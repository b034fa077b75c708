import { lookup } from "node:dns/promises";
import { pingGateway, type AgentConfig } from "@warren/agent";
import { DialError, proxyFor, type ClientTls, type Clock } from "@warren/host";
import { WireError } from "@warren/wire";
import { askOnce } from "./ask-once.ts";
import { checkClock } from "./check-clock.ts";
import { fail, ok, warn, whyOf, type Finding } from "./finding.ts";

export interface GatewayCheck {
  /** As agents dial it: `ws` or `wss`. */
  url: string;
  token: string;
  dial: AgentConfig["dial"];
  tls: ClientTls;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  signal: AbortSignal;
}

const SLOW_MS = 500;
const TODO: Readonly<Record<DialError["phase"] | "dns", string>> = {
  dns: "mend the name in --gateway, or the DNS of this machine (in a pod: CoreDNS, dnsPolicy)",
  connect: "see that the gateway runs, and that firewalls and NetworkPolicies let this port out",
  proxy: "see HTTPS_PROXY and NO_PROXY",
  tls: "give --gateway-ca for a private authority, or mend the gateway's certificate",
  handshake: "see that this is a Warren gateway, and not something in front of it",
};

/** Whether a gateway is reached: name, port, TLS, HTTP, and as agents come: token and round trip. */
export async function checkGateway(given: GatewayCheck): Promise<Finding[]> {
  const named = await checkName(given);
  if (named.some(({ level }) => level === "fail")) return named;
  const http = await checkHttp(given);
  if (http.some(({ level }) => level === "fail")) return [...named, ...http];
  return [...named, ...http, await checkTunnel(given)];
}

/** The gateway's public address for plain requests. */
export function httpUrlOf(gateway: string, path: string): URL {
  return new URL(path, gateway.replace(/^ws/, "http"));
}

async function checkName({ url, dial }: GatewayCheck): Promise<Finding[]> {
  const { hostname } = new URL(url);
  // A proxy looks names up itself.
  if (proxyFor(httpUrlOf(url, "/"), dial.proxy) !== undefined) return [];
  try {
    const all = await lookup(hostname.replace(/^\[|\]$/g, ""), { all: true });
    return [ok("gateway name", `${hostname} is ${all.map(({ address }) => address).join(", ")}`)];
  } catch (error) {
    return [fail("gateway name", whyOf(error), TODO.dns)];
  }
}

async function checkHttp(given: GatewayCheck): Promise<Finding[]> {
  const { url, dial, tls, signal, wallClock } = given;
  try {
    const health = httpUrlOf(url, "/health");
    const answer = await askOnce({ url: health, host: undefined, tls, proxy: dial.proxy, signal });
    const secure = health.protocol === "https:" ? ", TLS verified" : "";
    const said = `${url} answers ${answer.status}${secure}`;
    const reached =
      answer.status < 500
        ? ok("gateway", said)
        : warn("gateway", said, "see the gateway's log: it is starting, stopping or in trouble");
    return [reached, checkClock("the gateway", answer.headers.date, wallClock())];
  } catch (error) {
    const phase = error instanceof DialError ? error.phase : "handshake";
    return [fail("gateway", whyOf(error), TODO[phase])];
  }
}

async function checkTunnel({ url, token, dial, clock, signal }: GatewayCheck): Promise<Finding> {
  try {
    const { rttMs } = await pingGateway({ url, token, dial, clock, signal });
    const said = `the token is taken; a round trip takes ${rttMs.toFixed(0)} ms`;
    return rttMs > SLOW_MS
      ? warn("tunnel", said, "a gateway that is nearer, or an uplink that is less full, is quicker")
      : ok("tunnel", said);
  } catch (error) {
    const isRefused = error instanceof WireError && (error.http === 401 || error.http === 403);
    const todo = isRefused
      ? "the gateway does not take this token: was it made with its keys, is it revoked or expired?"
      : "see that what is in front of the gateway lets WebSockets through";
    return fail("tunnel", whyOf(error), todo);
  }
}
