/**
 * What the annotations of other controllers mean for Warren that Warren does not implement. The
 * question is only ever whether leaving one out could let somebody in: in doubt the answer is yes.
 */

/** Domains under which controllers have their annotations, themselves and below. */
const CONTROLLERS = [
  "ingress.kubernetes.io",
  "apisix.apache.org",
  "appscode.com",
  "cilium.io",
  "cloud.google.com",
  "containo.us",
  "contour.heptio.com",
  "f5.com",
  "getambassador.io",
  "haproxy-ingress.github.io",
  "haproxy.com",
  "haproxy.org",
  "higress.io",
  "ingress.bluemix.net",
  "ingress.gcp.kubernetes.io",
  "istio.io",
  "konghq.com",
  "networking.gke.io",
  "nginx.com",
  "nginx.org",
  "ngrok.com",
  "openshift.io",
  "pomerium.io",
  "projectcontour.io",
  "skipper.io",
  "solo.io",
  "strrl.dev",
  "tailscale.com",
  "traefik.io",
  "tyk.io",
  "zalando.org",
] as const;

/** Domains of tools that do not stand in the way of a request. */
const TOOLS = [
  "app.kubernetes.io",
  "argoproj.io",
  "cattle.io",
  "cert-manager.io",
  "config.k8s.io",
  "config.kubernetes.io",
  "external-dns.alpha.kubernetes.io",
  "fluxcd.io",
  "gethomepage.dev",
  "helm.sh",
  "kubectl.kubernetes.io",
  "kubernetes.io",
  "linkerd.io",
  "prometheus.io",
  "stakater.com",
  "velero.io",
] as const;

/** Names under a controller's domain that change nothing about who gets in, or what they see. */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  "nginx.ingress.kubernetes.io": new RegExp(
    `^(${[
      "affinity-canary-behavior",
      "proxy-(buffering|buffer-size|buffers-number|busy-buffers-size|max-temp-file-size|request-buffering|http-version)",
      "proxy-send-timeout",
      "proxy-next-upstream(-timeout|-tries)?",
      "proxy-ssl-(verify|verify-depth|name|server-name|protocols|ciphers)",
      "client-body-buffer-size",
      "connection-proxy-header",
      "service-upstream",
      "enable-(access|rewrite)-log",
      "enable-(opentracing|opentelemetry)",
      "open(tracing|telemetry)-.*",
      "http2-push-preload",
      "preserve-trailing-slash",
      "ssl-(ciphers|prefer-server-ciphers)",
    ].join("|")})$`,
  ),
  "traefik.ingress.kubernetes.io": new RegExp(
    `^(${[
      "router\\.tls",
      "router\\.tls\\.(certresolver|domains(\\..*)?)",
      "router\\.priority",
      "router\\.observability\\..*",
      "service\\.(nativelb|passhostheader)",
    ].join("|")})$`,
  ),
  "nginx.org":
    /^(websocket-services|proxy-(send-timeout|buffers|buffer-size|buffering|max-temp-file-size)|keepalive|max-conns|max-fails|fail-timeout)$/,
};

const NO_HASH = /^(?!.*hash)/;

/** Names under which some values ask for what happens here anyway; with another one they are left out. */
const AS_HERE: Readonly<Record<string, RegExp>> = {
  "nginx.ingress.kubernetes.io/affinity-mode": /^balanced$/,
  "nginx.ingress.kubernetes.io/load-balance": NO_HASH,
  "nginx.ingress.kubernetes.io/session-cookie-path": /^\/$/,
  "nginx.ingress.kubernetes.io/session-cookie-samesite": /^lax$/i,
  "nginx.ingress.kubernetes.io/session-cookie-secure": /^true$/,
  "nginx.ingress.kubernetes.io/session-cookie-change-on-failure": /^false$/,
  "nginx.ingress.kubernetes.io/session-cookie-conditional-samesite-none": /^false$/,
  "nginx.org/lb-method": NO_HASH,
  "traefik.ingress.kubernetes.io/service.sticky.cookie.httponly": /^true$/,
  "traefik.ingress.kubernetes.io/service.sticky.cookie.path": /^\/$/,
  "traefik.ingress.kubernetes.io/service.sticky.cookie.samesite": /^lax$/i,
  "traefik.ingress.kubernetes.io/service.sticky.cookie.secure": /^true$/,
};

/** Switches of nginx that are off with the value `false`. */
const SWITCHES =
  /^nginx\.ingress\.kubernetes\.io\/(enable-.*|ssl-passthrough|use-regex|canary|auth-tls-pass-certificate-to-upstream|from-to-www-redirect)$/;

/**
 * What restricts by who asks or how much, never by where a request comes from: it holds behind its
 * controller, to which everybody seems to be the agent. Whoever asks a service about a request
 * (`auth-url`) is not among them: such services let "the own network" in without a password.
 */
const HOLDING = new RegExp(
  `^(${[
    "auth-(type|secret|secret-type|realm|tls-[a-z-]+)",
    "auth-(method|signin|signin-redirect-param|response-headers|request-redirect|proxy-set-headers)",
    "auth-(cache-key|cache-duration|keepalive(-[a-z-]+)?|always-set-cookie)",
    "basic-auth-(secret|realm)",
    "jwt-(key|realm|token|login-url)",
    "router\\.tls\\.options",
    "limit-(connections|rate|rate-after)",
    "enable-(modsecurity|owasp-core-rules|owasp-modsecurity-crs|global-auth)",
    "modsecurity-transaction-id",
    "proxy-ssl-secret",
    "secure-(backends|verify-ca-secret|sni|crt-secret)",
  ].join("|")})$`,
);

/** Nothing less than all is asked for, as without it. */
const SATISFY = "nginx.ingress.kubernetes.io/satisfy";

/** Traefik's own entry points to the outside; others may well be for the inside alone. */
const ENTRY_POINTS = "traefik.ingress.kubernetes.io/router.entrypoints";
const OUTSIDE = /^\s*(web|websecure)(\s*,\s*(web|websecure))*\s*$/;

/** Names of nginx that choose what a request gets: without them it would get something else. */
const CHOOSING =
  /^nginx\.ingress\.kubernetes\.io\/(use-regex|canary.*|upstream-vhost|permanent-redirect.*|temporal-redirect.*|app-root|ssl-passthrough|mirror-.*|default-backend|custom-http-errors|server-alias|from-to-www-redirect)$|^traefik\.ingress\.kubernetes\.io\/router\.(pathmatcher|rulesyntax)$/;

/** Words of names that keep somebody out, look at who it is, or run what nobody can read here. */
const CLOSING_WORDS =
  /auth|allow|deny|denied|white-?list|black-?list|block|secure|security|secret|restrict|limit|throttl|waf|modsec|owasp|snippet|middleware|plugin|polic|filter|verify|client-?cert|mtls|tls[.-]options|jwt|oidc|oauth|token|lua|satisfy|internal|scheme|acl|rbac|source|cidr|guard|firewall|captcha|bot-|geo|country|user|password|basic|api-?key|hmac|signature|iap|permission|access|armor|(^|[./-])config-|protect|(back|front)end-?config|private/i;

/** The same under domains that nobody here knows: only what can hardly mean anything else. */
const PLAINLY_CLOSING =
  /(^|[./_-])(auth[a-z0-9]*|authn|authz|basic-?auth|forward-?auth|allow-?list|white-?list|deny-?list|black-?list|oidc|oauth2?|jwt|mtls|access-?control|ip-?filter|waf)([./_-]|$)/i;

/** Names that list addresses: a controller behind a tunnel sees one address for everybody. */
const ADDRESS_LIST =
  /(allow|white|deny|black)-?list(?!.*(header|domain|origin|method|path))|source-range|cidrs?$|ip[_-]white|ip[_-]allow/i;

/**
 * `restricts`: leaving it out could let somebody in, and so could its controller, which does not see
 * where a request comes from. `holds`: the same, but behind its controller it does what it says.
 * `addresses`: it restricts by the client's address. `chooses`: it would lead somewhere else.
 * `unknown`: a controller's, without meaning here.
 */
export type Meaning = "restricts" | "holds" | "addresses" | "chooses" | "unknown" | "harmless";

/** What an annotation means that is neither Warren's nor one of the well-known. */
export function meaningOf(name: string, value: string): Meaning {
  const slash = name.indexOf("/");
  const domain = slash === -1 ? "" : name.slice(0, slash);
  if (isOf(CONTROLLERS, domain)) return controllersMeaning(name, value);
  if (isOf(TOOLS, domain)) return "harmless";
  if (!PLAINLY_CLOSING.test(name)) return "harmless";
  // Whatever reads it stands behind the controller for everybody else too.
  return ADDRESS_LIST.test(name) ? "addresses" : "holds";
}

function controllersMeaning(name: string, value: string): Meaning {
  const slash = name.indexOf("/");
  if (HARMLESS[name.slice(0, slash)]?.test(name.slice(slash + 1)) === true) return "harmless";
  if (Object.hasOwn(AS_HERE, name))
    return AS_HERE[name]!.test(value.trim()) ? "harmless" : "unknown";
  if (SWITCHES.test(name) && value.trim() === "false") return "harmless";
  if (name === ENTRY_POINTS) return OUTSIDE.test(value) ? "harmless" : "restricts";
  if (name === SATISFY && value.trim() === "all") return "harmless";
  if (/cors/i.test(name)) return "unknown";
  if (HOLDING.test(name.slice(slash + 1))) return "holds";
  if (CHOOSING.test(name)) return "chooses";
  if (!CLOSING_WORDS.test(name.slice(slash + 1))) return "unknown";
  return ADDRESS_LIST.test(name) ? "addresses" : "restricts";
}

function isOf(domains: readonly string[], domain: string): boolean {
  return domains.some((one) => domain === one || domain.endsWith(`.${one}`));
}
