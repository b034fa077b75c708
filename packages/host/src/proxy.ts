import { BlockList, isIP } from "node:net";

/** Where a connection leaves through; names and meaning as in curl's manual, "ENVIRONMENT". */
export interface ProxySettings {
  /** For wss and https targets. */
  httpsProxy: string | undefined;
  /** For ws and http targets. */
  httpProxy: string | undefined;
  /** Comma-separated hosts that are reached without: `*`, `name`, `.name`, `name:port`, CIDR. */
  noProxy: string | undefined;
}

/** Reads HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, lower case first as curl does. */
export function proxySettings(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  const all = read("ALL_PROXY");
  return {
    httpsProxy: read("HTTPS_PROXY") ?? all,
    httpProxy: read("HTTP_PROXY") ?? all,
    noProxy: read("NO_PROXY"),
  };
}

/** The proxy for `target`, or undefined for a direct connection. Throws on a proxy that is no URL. */
export function proxyFor(target: URL, settings: ProxySettings): URL | undefined {
  const secure = target.protocol === "wss:" || target.protocol === "https:";
  const chosen = secure ? settings.httpsProxy : settings.httpProxy;
  if (chosen === undefined || isExcepted(target, settings.noProxy ?? "")) return undefined;
  const proxy = new URL(chosen.includes("://") ? chosen : `http://${chosen}`);
  if (proxy.protocol !== "http:" && proxy.protocol !== "https:") {
    throw new TypeError(`proxy ${proxy.protocol}// is not supported, only http and https`);
  }
  return proxy;
}

function isExcepted(target: URL, noProxy: string): boolean {
  const host = bareHost(target.hostname);
  const port = target.port || (/^(wss|https):$/.test(target.protocol) ? "443" : "80");
  const loopback = host === "localhost" || host.endsWith(".localhost") || isLoopback(host);
  return loopback || noProxy.split(",").some((entry) => matches(entry.trim(), host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "") return false;
  if (entry === "*") return true;
  if (entry.includes("/")) return inBlock(entry, host);
  const [, name = entry, only] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry) ?? [];
  if (only !== undefined && only !== port) return false;
  const bare = bareHost(name)
    .replace(/^\*?\./, "")
    .toLowerCase();
  return host === bare || host.endsWith(`.${bare}`);
}

function inBlock(block: string, host: string): boolean {
  const [network = "", bits = ""] = block.split("/");
  const family = isIP(host);
  if (family === 0 || family !== isIP(network) || !/^\d{1,3}$/.test(bits)) return false;
  const list = new BlockList();
  try {
    list.addSubnet(network, Number(bits), family === 6 ? "ipv6" : "ipv4");
  } catch {
    return false;
  }
  return list.check(host, family === 6 ? "ipv6" : "ipv4");
}

/** An IPv6 address without its brackets. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}

/** True for addresses (not names) that never leave this machine. */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::1$|(::ffff:)?127\.\d+\.\d+\.\d+$)/.test(address);
}
