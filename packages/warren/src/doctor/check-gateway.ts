import { lookup } from "node:dns/promises";
import { pingGateway, type AgentConfig } from "@warren/agent";
import { bareHost, DialError, proxyFor, type ClientTls, type Clock } from "@warren/host";
import { WireError, type ErrorCode } from "@warren/wire";
import { askOnce } from "./ask-once.ts";
import { bounded, type Bound } from "./bounded.ts";
import { checkClock } from "./check-clock.ts";
import { NEW_TOKEN } from "./check-token.ts";
import { fail, ok, warn, whyOf, type Finding } from "./finding.ts";

export interface GatewayCheck {
  /** As agents dial it: `ws` or `wss`. */
  url: string;
  /** Undefined: there is none to come in with. */
  token: string | undefined;
  dial: AgentConfig["dial"];
  tls: ClientTls;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  signal: AbortSignal;
}

const EACH_MS = 8_000;
const SLOW_MS = 500;
const REMEDY: Readonly<Record<DialError["phase"] | "dns", string>> = {
  dns: "mend the name in --gateway, or the DNS of this machine (in a pod: CoreDNS, dnsPolicy)",
  connect: "see that the gateway runs, and that firewalls and NetworkPolicies let this port out",
  proxy: "see HTTPS_PROXY and NO_PROXY",
  tls: "give --gateway-ca for a private authority, or mend the gateway's certificate",
  handshake: "see that this is a Warren gateway, and not something in front of it",
};

/** What gateways say to a token that they do not take. */
const REFUSED: Partial<Record<ErrorCode, string>> = {
  unauthorized: `the gateway does not know who signed it: it is another gateway's, or its keys were made anew (a data folder that was lost?); ${NEW_TOKEN}`,
  token_expired: `see the clocks; ${NEW_TOKEN}`,
  token_revoked: `somebody has revoked it: if the cluster is to stay, ${NEW_TOKEN}`,
  forbidden: "what is in front of the gateway keeps this machine out",
  draining: "the gateway is ending: ask again in a minute",
  overloaded: "the gateway has too much to do: see its log and metrics",
};

/** Whether a gateway is reached: name, port, TLS, HTTP, and as agents come: token and round trip. */
export async function checkGateway(given: GatewayCheck): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const check of [checkName, checkHttp, checkTunnel]) {
    found.push(...(await check(given)));
    // What comes next would fail for the same reason.
    if (found.some(({ level }) => level === "fail")) break;
  }
  return found;
}

/** The gateway's address for plain requests. */
export function httpUrlOf(gateway: string, path: string): URL {
  return new URL(path, gateway.replace(/^ws/, "http"));
}

function bound({ clock, signal }: GatewayCheck): Bound {
  return { clock, signal, ms: EACH_MS };
}

async function checkName(given: GatewayCheck): Promise<Finding[]> {
  const { url, dial } = given;
  // A proxy looks names up itself.
  if (proxyFor(httpUrlOf(url, "/"), dial.proxy) !== undefined) return [];
  const name = bareHost(new URL(url).hostname);
  try {
    const all = await bounded(bound(given), () => lookup(name, { all: true }));
    return [ok("gateway name", `${name} is ${all.map(({ address }) => address).join(", ")}`)];
  } catch (error) {
    return [fail("gateway name", `${name}: ${whyOf(error)}`, REMEDY.dns)];
  }
}

async function checkHttp(given: GatewayCheck): Promise<Finding[]> {
  const { url, dial, tls, wallClock } = given;
  const health = httpUrlOf(url, "/health");
  try {
    const answer = await bounded(bound(given), (signal) =>
      askOnce({ url: health, at: health, tls, proxy: dial.proxy, signal }),
    );
    // Agents do not go on past it.
    if (answer.distrust !== undefined)
      return [fail("gateway", `${url}: its certificate: ${answer.distrust}`, REMEDY.tls)];
    const secure = health.protocol === "https:" ? ", TLS verified" : "";
    const said = `${url} answers ${answer.status}${secure}`;
    const reached =
      answer.status < 500
        ? ok("gateway", said)
        : warn("gateway", said, "see the gateway's log: it is starting, stopping or in trouble");
    return [reached, checkClock("the gateway", answer.headers.date, wallClock())];
  } catch (error) {
    const phase = error instanceof DialError ? error.phase : "connect";
    return [fail("gateway", `${url}: ${whyOf(error)}`, REMEDY[phase])];
  }
}

async function checkTunnel(given: GatewayCheck): Promise<Finding[]> {
  const { url, token, dial, clock } = given;
  if (token === undefined) return [];
  try {
    const { rttMs } = await bounded(bound(given), (signal) =>
      pingGateway({ url, token, dial, clock, signal }),
    );
    const said = `the token is taken; a round trip takes ${rttMs.toFixed(0)} ms`;
    if (rttMs <= SLOW_MS) return [ok("tunnel", said)];
    const todo = "a gateway that is nearer, or an uplink that is less full, is quicker";
    return [warn("tunnel", said, todo)];
  } catch (error) {
    const code = error instanceof WireError ? error.code : undefined;
    const said = code === undefined ? whyOf(error) : `${code}: ${whyOf(error)}`;
    const todo = "see that what is in front of the gateway lets WebSockets through";
    return [fail("tunnel", said, (code && REFUSED[code]) ?? todo)];
  }
}
