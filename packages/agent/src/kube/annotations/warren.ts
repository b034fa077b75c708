import { editDistance } from "@warren/host";
import {
  Cidrs,
  Duration,
  Hosts,
  Namespaces,
  oneOf,
  PlainPath,
  Protocol,
  RateAndBurst,
  reading,
  Size,
  SpareFields,
  YesNo,
} from "./values.ts";
import type { Reader } from "./wishes.ts";

const DOMAIN = "warren.dev";
export const WARREN_PREFIX = `${DOMAIN}/`;

/** True for a name under Warren's domain, also where one letter of that is wrong: it is meant for Warren. */
export function isForWarren(name: string): boolean {
  const domain = name.slice(0, Math.max(0, name.indexOf("/")));
  if (Math.abs(domain.length - DOMAIN.length) > 1) return false;
  return domain === DOMAIN || editDistance(domain, DOMAIN) === 1;
}

/** An annotation of Warren's own. */
export interface WarrenAnnotation {
  /** It keeps somebody or something out: with a value that cannot be read nothing is published. */
  readonly access: boolean;
  /** It says how the Service is spoken to, and means nothing where a controller does that. */
  readonly service: boolean;
  readonly read: Reader;
}

const closing = (read: Reader): WarrenAnnotation => ({ access: true, service: false, read });
const setting = (read: Reader): WarrenAnnotation => ({ access: false, service: false, read });
const serving = (read: Reader): WarrenAnnotation => ({ access: false, service: true, read });

/** By name behind `warren.dev/`. Listed in docs/annotations.md. */
export const WARREN_ANNOTATIONS: Readonly<Record<string, WarrenAnnotation>> = {
  publish: closing(reading(YesNo, (wishes, publish) => void (wishes.publish = publish))),
  hosts: closing(reading(Hosts, (wishes, hosts) => void (wishes.hosts = hosts))),
  "share-host": setting(
    reading(Namespaces, (wishes, namespaces) => void (wishes.shareHost = namespaces)),
  ),
  mode: setting(
    reading(oneOf("tunnel", "direct", "both"), (wishes, mode) => void (wishes.mode = mode)),
  ),
  allow: closing(reading(Cidrs, ({ policy }, cidrs) => void (policy.allow = cidrs))),
  deny: closing(reading(Cidrs, ({ policy }, cidrs) => void (policy.deny = cidrs))),
  "rate-limit": closing(reading(RateAndBurst, ({ policy }, rate) => void (policy.rate = rate))),
  "client-rate-limit": closing(
    reading(RateAndBurst, ({ policy }, rate) => void (policy.client_rate = rate)),
  ),
  "max-body": closing(reading(Size, ({ policy }, bytes) => void (policy.max_body_bytes = bytes))),
  "strip-headers": closing(
    reading(SpareFields, ({ policy }, names) => void (policy.strip_headers = names)),
  ),
  "redirect-https": closing(
    reading(YesNo, ({ policy }, redirect) => void (policy.redirect_https = redirect)),
  ),
  hsts: setting(
    reading(Duration, ({ policy }, ms) => void (policy.hsts_seconds = Math.floor(ms / 1_000))),
  ),
  "raw-path": setting(reading(YesNo, ({ policy }, raw) => void (policy.raw_path = raw))),
  affinity: setting(
    reading(
      oneOf("none", "cookie", "client_ip"),
      ({ policy }, affinity) => void (policy.affinity = affinity),
    ),
  ),
  balance: setting(
    reading(
      oneOf("least", "round_robin"),
      ({ policy }, balance) => void (policy.balance = balance),
    ),
  ),
  "head-timeout": setting(
    reading(Duration, ({ policy }, ms) => void (policy.head_timeout_ms = ms)),
  ),
  "connect-timeout": setting(
    reading(Duration, ({ policy }, ms) => void (policy.connect_timeout_ms = ms)),
  ),
  "request-timeout": setting(
    reading(Duration, ({ policy }, ms) => void (policy.request_timeout_ms = ms)),
  ),
  "backend-protocol": serving(
    reading(Protocol, (wishes, protocol) => void (wishes.protocol = protocol)),
  ),
  rewrite: serving(
    reading(PlainPath, (wishes, value) => void (wishes.rewrite = { type: "prefix", value })),
  ),
};
