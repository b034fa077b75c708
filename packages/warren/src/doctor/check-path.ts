import { getCACertificates } from "node:tls";
import type { AgentConfig } from "@warren/agent";
import { DialError, type ClientTls, type Clock } from "@warren/host";
import { CODES, covers, isErrorCode, type ErrorCode } from "@warren/wire";
import { askOnce, type Answered } from "./ask-once.ts";
import { bounded } from "./bounded.ts";
import { httpUrlOf } from "./check-gateway.ts";
import type { Door } from "./doors.ts";
import { fail, note, ok, warn, whyOf, type Finding } from "./finding.ts";

export interface PathCheck {
  /** As agents dial it, and reached by now. */
  gateway: string;
  /** What the token covers. */
  hosts: readonly string[];
  dial: AgentConfig["dial"];
  tls: ClientTls;
  clock: Clock;
  signal: AbortSignal;
}

export const PATH_CHECK = "a request through it all";
const CHECK = PATH_CHECK;
const EACH_MS = 8_000;
/** Of hosts that nobody publishes, before it is said that none is. */
const MOST_DOORS = 20;

const WHY = "`warren why` at the gateway says what stands in the way";
const OWN = "nothing was asked of what is behind it: ask as somebody whom the route lets in";
/** Of a gateway's own answers: what is no fault of an agent's, and what to do about the others. */
const NOTES: Partial<Record<ErrorCode, string>> = {
  unauthorized: OWN,
  forbidden: OWN,
  rate_limited: "the route's limit is reached: ask again in a moment",
  payload_too_large: OWN,
};
const REMEDY: Partial<Record<ErrorCode, string>> = {
  not_enabled: "the gateway's roll-out leaves this cluster out: `warren status` there",
  misdirected: "the host is a tls:// route's, or belongs to another certificate: ask by https",
  cluster_offline: "no agent of the cluster has a tunnel: see the agents' logs",
  cluster_reconnecting: "the tunnel is being dialled anew: ask again in a few seconds",
  tunnel_lost: "the tunnel broke off meanwhile: see the agents' logs, and ask again",
  refused: "the agents take no more, or are just leaving: see their logs",
  upstream_unreachable:
    "the agent does not reach the Service: see its pods, ports and NetworkPolicies",
  upstream_failed: "the Service does not speak HTTP as it should, or broke off: see its log",
  upstream_timeout: "the Service takes too long: see its log",
  no_endpoints: "the Service has no ready pod: `kubectl get endpointslices`",
};

/** Asks the gateway for a host of the cluster, as a visitor would whose DNS leads there. */
export async function checkPath(doors: readonly Door[], given: PathCheck): Promise<Finding[]> {
  if (doors.length === 0) {
    const todo = "make an Ingress, or name a service: then this looks at the whole way";
    return [note(CHECK, "nothing is published yet: nobody asks for a host", todo)];
  }
  const covered = doors.filter(({ host }) => covers(given.hosts, host));
  if (covered.length === 0) {
    const said = `nothing is published yet: the token covers none of ${listOf(doors)}`;
    return [warn(CHECK, said, "`warren token create` with another --host, or mend the hosts")];
  }
  for (const door of covered.slice(0, MOST_DOORS)) {
    const found = await walk(door, given);
    if (found !== undefined) return found;
  }
  const todo = "`kubectl describe ingress` and the agents' logs say why not, once an agent runs";
  return [
    note(CHECK, `nothing is published yet: the gateway knows none of ${listOf(covered)}`, todo),
  ];
}

/** Undefined: nobody publishes it. */
async function walk(door: Door, given: PathCheck): Promise<Finding[] | undefined> {
  const { host, path } = door;
  const url = new URL(path, `${httpUrlOf(given.gateway, "/").protocol}//${host}`);
  try {
    const first = await askPublic(url, given);
    if (first === undefined) return [noVisitors(given.gateway)];
    const next = secureOf(url, first);
    if (next !== undefined) return await walkOn(next, given);
    return said(url, first);
  } catch (error) {
    return [notAsked(url, error)];
  }
}

/** What a gateway, or the application, redirects to https: only there it is seen what is behind. */
async function walkOn(url: URL, given: PathCheck): Promise<Finding[] | undefined> {
  const at = new URL(`https://${httpUrlOf(given.gateway, "/").hostname}:${url.port || 443}`);
  try {
    return said(url, await ask(url, at, given));
  } catch (error) {
    if (error instanceof DialError && error.phase === "tls") return [notAsked(url, error)];
    const todo =
      "visitors are led to https, and do not get there: see --tls-port and --redirect-port of the gateway, its balancer, and redirects of the controller";
    return [fail(CHECK, `${url.href}: ${whyOf(error)}`, todo)];
  }
}

function said(url: URL, answer: Answered): Finding[] | undefined {
  return codeOf(answer) === "no_route"
    ? undefined
    : [...certificateOf(url, answer), judged(url, answer)];
}

function notAsked(url: URL, error: unknown): Finding {
  const what = `${url.href}: ${whyOf(error)}`;
  if (!(error instanceof DialError) || error.phase !== "tls") return fail(CHECK, what, WHY);
  const todo = `the gateway has no certificate for it: \`warren why ${url.href}\` there, and docs/tls.md`;
  return fail(CHECK, what, todo);
}

function noVisitors(gateway: string): Finding {
  const { hostname, port } = new URL(gateway);
  return note(
    CHECK,
    `port ${port} of ${hostname} is for agents alone, and its ports 443 and 80 are no gateway's`,
    "ask for a host of the cluster where visitors come in",
  );
}

/** At the address that agents dial, or where that is a port for agents alone, at the usual ones. */
async function askPublic(url: URL, given: PathCheck): Promise<Answered | undefined> {
  const near = httpUrlOf(given.gateway, "/");
  const first = await ask(url, near, given);
  if (isFront(first)) return first;
  for (const protocol of ["https:", "http:"]) {
    const at = new URL(`${protocol}//${near.hostname}`);
    const asked = new URL(url.pathname, `${protocol}//${url.host}`);
    const answer = await ask(asked, at, given).catch(() => undefined);
    if (answer !== undefined && isFront(answer)) return answer;
  }
  return undefined;
}

function ask(url: URL, at: URL, { clock, dial, signal, tls }: PathCheck): Promise<Answered> {
  // Visitors trust what the system does; who runs the gateway, perhaps an authority of their own, too.
  const usual = getCACertificates("default").join("\n");
  const ca = tls.ca === undefined ? usual : `${usual}\n${String(tls.ca)}`;
  const trusted = { ca, cert: undefined, key: undefined };
  return bounded({ clock, signal, ms: EACH_MS }, (either) =>
    askOnce({ url, at, tls: trusted, proxy: dial.proxy, signal: either }),
  );
}

/** A gateway gives every answer an id. */
function isFront({ headers }: Answered): boolean {
  return headers["x-request-id"] !== undefined;
}

/** Where the same is asked for over TLS: a gateway says so itself, before it looks any further. */
function secureOf(url: URL, { headers, status }: Answered): URL | undefined {
  const to = status >= 300 && status < 400 ? URL.parse(headers.location ?? "", url) : null;
  const isSame = to?.protocol === "https:" && to.hostname === url.hostname;
  return isSame && url.protocol === "http:" ? to : undefined;
}

function certificateOf({ host, protocol }: URL, { distrust }: Answered): Finding[] {
  if (protocol !== "https:") return [];
  const check = "certificate of the host";
  if (distrust === undefined) return [ok(check, `browsers trust that of ${host}`)];
  const todo =
    "browsers refuse it: a staging CA (--acme-production), another name, or an authority of one's own; docs/tls.md";
  return [warn(check, `${host}: ${distrust}`, todo)];
}

function judged(url: URL, answer: Answered): Finding {
  const { headers, status } = answer;
  const code = codeOf(answer);
  const what = `${url.href} answers ${status}`;
  if (code !== undefined) {
    const own = `${what} ${code}, by the gateway itself`;
    const todo = NOTES[code];
    return todo === undefined ? fail(CHECK, own, REMEDY[code] ?? WHY) : note(CHECK, own, todo);
  }
  if (status >= 500) {
    const todo = "the request came through: the application, or its controller, is in trouble";
    return warn(CHECK, what, todo);
  }
  if (status >= 300 && status < 400) return redirected(url, what, headers.location ?? "");
  if (status === 404 && url.pathname === "/")
    return note(
      CHECK,
      `${what}, by the application or its controller`,
      "the request came through: a page `404 page not found` is Traefik's, which then has no such host",
    );
  return ok(CHECK, status >= 400 ? `${what}, by the application` : what);
}

function redirected(url: URL, what: string, location: string): Finding {
  const to = URL.parse(location, url);
  const where = `${what}, to ${location}`;
  if (to?.href === url.href)
    return warn(
      CHECK,
      where,
      "for ever: the controller redirects what came by https; let it believe X-Forwarded-Proto of the agent",
    );
  if (to?.hostname === url.hostname) return ok(CHECK, where);
  return note(
    CHECK,
    where,
    "by the application, or by a gateway whose roll-out leaves this cluster out (`warren status` there)",
  );
}

/** The code of a gateway's own answer (docs/operations.md); an application's has the id of another, or none. */
function codeOf({ body, headers, status }: Answered): ErrorCode | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: { code?: unknown; request_id?: unknown } };
    const isOurs = error?.request_id === headers["x-request-id"] && isErrorCode(error?.code);
    return isOurs && CODES[error.code as ErrorCode].http === status
      ? (error.code as ErrorCode)
      : undefined;
  } catch {
    return undefined; // an application's page
  }
}

function listOf(doors: readonly Door[]): string {
  const hosts = [...new Set(doors.map(({ host }) => host))];
  const more = hosts.length > 5 ? ` and ${hosts.length - 5} more` : "";
  return `${hosts.slice(0, 5).join(", ")}${more}`;
}
