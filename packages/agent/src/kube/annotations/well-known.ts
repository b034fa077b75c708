/**
 * Annotations of other controllers that Warren gives the meaning that they have there. Sources:
 * ingress-nginx "Annotations", Traefik "Kubernetes Ingress" routing reference, GKE Ingress.
 */
import {
  Cidrs,
  Count,
  NginxSize,
  oneOf,
  PlainPath,
  Protocol,
  reading,
  Seconds,
  YesNo,
} from "./values.ts";
import type { Annotations, Reader } from "./wishes.ts";

export interface WellKnown {
  /** It keeps somebody out: with a value that cannot be read the Service is not dialled. */
  readonly access: boolean;
  /** It lists addresses, which a controller behind a tunnel cannot see: enforced at the gateway also then. */
  readonly addresses: boolean;
  /** Values that have a meaning here; any other is told as what is not implemented. */
  readonly values: RegExp;
  readonly read: Reader;
}

const NGINX = "nginx.ingress.kubernetes.io/";
const TRAEFIK = "traefik.ingress.kubernetes.io/";

const values = /(?:)/;
const setting = (read: Reader): WellKnown => ({ access: false, addresses: false, values, read });
const closing = (read: Reader): WellKnown => ({ access: true, addresses: false, values, read });
const addresses = (read: Reader): WellKnown => ({ access: true, addresses: true, values, read });

/** Two lists would have to be met both; only the same one twice is as good as one. */
const allow: Reader = (value, wishes, all) => {
  const before = wishes.policy.allow;
  const problem = reading(Cidrs, ({ policy }, cidrs) => void (policy.allow = cidrs))(
    value,
    wishes,
    all,
  );
  const same = before === undefined || before.join() === wishes.policy.allow?.join();
  return problem ?? (same ? undefined : "two lists of addresses that differ");
};
const deny = reading(Cidrs, ({ policy }, cidrs) => {
  policy.deny = [...(policy.deny ?? []), ...cidrs];
});

/** nginx lets so many times the rate come at once. */
const BURST_MULTIPLIER = 5;

function clientRate(perSecond: (count: number) => number): Reader {
  return (value, wishes, all: Annotations) => {
    const times = all[`${NGINX}limit-burst-multiplier`];
    const multiplier = times === undefined ? BURST_MULTIPLIER : Number(times);
    if (!(multiplier >= 1)) return "limit-burst-multiplier: expected a number";
    return reading(Count, ({ policy }, count) => {
      const rate = { per_second: perSecond(count), burst: count * multiplier };
      const before = policy.client_rate;
      if (before === undefined || before.per_second > rate.per_second) policy.client_rate = rate;
    })(value, wishes, all);
  };
}

/** The expressions of nginx for the client's address. */
const CLIENT_ADDRESS = /^\s*\$(binary_remote_addr|remote_addr)\s*$/;

const rewriteTarget: Reader = (value, wishes, all) => {
  if (value.includes("$")) return "capture groups are not supported";
  return reading(PlainPath, (given, path) => {
    given.rewrite = { type: "full", value: path };
  })(value, wishes, all);
};

/** By whole name. Listed in docs/annotations.md. */
export const WELL_KNOWN: Readonly<Record<string, WellKnown>> = {
  [`${NGINX}whitelist-source-range`]: addresses(allow),
  [`${NGINX}allowlist-source-range`]: addresses(allow),
  [`${NGINX}denylist-source-range`]: addresses(deny),
  [`${NGINX}limit-rps`]: closing(clientRate((count) => count)),
  [`${NGINX}limit-rpm`]: closing(clientRate((count) => count / 60)),
  [`${NGINX}limit-burst-multiplier`]: closing(reading(Count, () => {})),
  [`${NGINX}proxy-body-size`]: closing(
    reading(NginxSize, ({ policy }, bytes) => {
      if (bytes > 0) policy.max_body_bytes = bytes;
    }),
  ),
  [`${NGINX}force-ssl-redirect`]: closing(
    reading(YesNo, ({ policy }, force) => {
      if (force) policy.redirect_https = true;
    }),
  ),
  [`${NGINX}ssl-redirect`]: closing(
    reading(YesNo, ({ policy }, redirect) => {
      // True is what nginx does anyway where there is a certificate, and so does a gateway.
      if (!redirect) policy.redirect_https ??= false;
    }),
  ),
  // Another target than its own path is what makes the Service behind it safe to reach at all.
  [`${NGINX}rewrite-target`]: closing(rewriteTarget),
  [`${NGINX}backend-protocol`]: setting(
    reading(Protocol, (wishes, protocol) => void (wishes.protocol = protocol)),
  ),
  [`${NGINX}proxy-connect-timeout`]: setting(
    reading(Seconds, ({ policy }, ms) => void (policy.connect_timeout_ms = ms)),
  ),
  // Between two reads there; here nothing is cut once the answer has begun.
  [`${NGINX}proxy-read-timeout`]: setting(
    reading(Seconds, ({ policy }, ms) => void (policy.head_timeout_ms = ms)),
  ),
  [`${NGINX}affinity`]: setting(
    reading(oneOf("cookie"), ({ policy }) => void (policy.affinity = "cookie")),
  ),
  [`${NGINX}upstream-hash-by`]: {
    ...setting((_value, { policy }) => {
      // A cookie, which is read before it, goes before it there too.
      policy.affinity ??= "client_ip";
      return undefined;
    }),
    values: CLIENT_ADDRESS,
  },
  [`${TRAEFIK}service.sticky.cookie`]: setting(
    reading(YesNo, ({ policy }, sticky) => {
      if (sticky) policy.affinity = "cookie";
    }),
  ),
  [`${TRAEFIK}service.serversscheme`]: setting(
    reading(Protocol, (wishes, protocol) => void (wishes.protocol = protocol)),
  ),
  "kubernetes.io/ingress.allow-http": closing(
    reading(YesNo, ({ policy }, plain) => {
      if (!plain) policy.redirect_https = true;
    }),
  ),
};
