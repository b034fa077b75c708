import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAnnotations } from "./read.ts";

const NGINX = "nginx.ingress.kubernetes.io/";
const TRAEFIK = "traefik.ingress.kubernetes.io/";
const inFront = (all: Record<string, string>) => readAnnotations(all, "controller");
const read = (all: Record<string, string>) => readAnnotations(all, "service");

describe("what annotations ask for", () => {
  test.each([
    { name: "warren.dev/affinity", value: "client_ip", policy: { affinity: "client_ip" } },
    {
      name: "warren.dev/allow",
      value: "10.0.0.0/8, ::1",
      policy: { allow: ["10.0.0.0/8", "::1"] },
    },
    { name: "warren.dev/deny", value: "192.0.2.1", policy: { deny: ["192.0.2.1"] } },
    {
      name: "warren.dev/rate-limit",
      value: "90/m",
      policy: { rate: { per_second: 1.5, burst: 15 } },
    },
    {
      name: "warren.dev/client-rate-limit",
      value: "5/s 20",
      policy: { client_rate: { per_second: 5, burst: 20 } },
    },
    { name: "warren.dev/max-body", value: "8MiB", policy: { max_body_bytes: 8_388_608 } },
    {
      name: "warren.dev/strip-headers",
      value: "Cookie,X-Auth",
      policy: { strip_headers: ["cookie", "x-auth"] },
    },
    { name: "warren.dev/redirect-https", value: "false", policy: { redirect_https: false } },
    { name: "warren.dev/hsts", value: "365d", policy: { hsts_seconds: 31_536_000 } },
    { name: "warren.dev/raw-path", value: "true", policy: { raw_path: true } },
    { name: "warren.dev/balance", value: "round_robin", policy: { balance: "round_robin" } },
    { name: "warren.dev/head-timeout", value: "1m30s", policy: { head_timeout_ms: 90_000 } },
    { name: "warren.dev/connect-timeout", value: "2s", policy: { connect_timeout_ms: 2_000 } },
    { name: "warren.dev/request-timeout", value: "5m", policy: { request_timeout_ms: 300_000 } },
    {
      name: `${NGINX}whitelist-source-range`,
      value: "10.0.0.0/8",
      policy: { allow: ["10.0.0.0/8"] },
    },
    { name: `${NGINX}denylist-source-range`, value: "10.0.0.1", policy: { deny: ["10.0.0.1"] } },
    {
      name: `${NGINX}limit-rps`,
      value: "4",
      policy: { client_rate: { per_second: 4, burst: 20 } },
    },
    {
      name: `${NGINX}limit-rpm`,
      value: "60",
      policy: { client_rate: { per_second: 1, burst: 300 } },
    },
    { name: `${NGINX}proxy-body-size`, value: "8m", policy: { max_body_bytes: 8_388_608 } },
    { name: `${NGINX}proxy-body-size`, value: "0", policy: {} },
    { name: `${NGINX}force-ssl-redirect`, value: "true", policy: { redirect_https: true } },
    { name: `${NGINX}ssl-redirect`, value: "false", policy: { redirect_https: false } },
    { name: `${NGINX}ssl-redirect`, value: "true", policy: {} },
    { name: `${NGINX}proxy-connect-timeout`, value: "5", policy: { connect_timeout_ms: 5_000 } },
    { name: `${NGINX}proxy-read-timeout`, value: "3600", policy: { head_timeout_ms: 3_600_000 } },
    { name: `${NGINX}affinity`, value: "cookie", policy: { affinity: "cookie" } },
    {
      name: `${NGINX}upstream-hash-by`,
      value: "$binary_remote_addr",
      policy: { affinity: "client_ip" },
    },
    { name: "kubernetes.io/ingress.allow-http", value: "false", policy: { redirect_https: true } },
  ])("$name: $value", ({ name, value, policy }) => {
    const got = read({ [name]: value });
    expect([got.wishes.policy, got.problems, got.refusal]).toEqual([policy, [], undefined]);
  });
  test("nginx's cookie goes before its hash, and what it says of the cookie by default is what is done", () => {
    const got = read({
      [`${NGINX}affinity`]: "cookie",
      [`${NGINX}affinity-mode`]: "balanced",
      [`${NGINX}session-cookie-path`]: "/",
      [`${NGINX}session-cookie-samesite`]: "Lax",
      [`${NGINX}session-cookie-secure`]: "true",
      [`${NGINX}session-cookie-change-on-failure`]: "false",
      [`${NGINX}upstream-hash-by`]: "$remote_addr",
    });
    expect([got.wishes.policy, got.problems]).toEqual([{ affinity: "cookie" }, []]);
  });

  test("Warren's own have the last word", () => {
    const got = read({
      "warren.dev/allow": "192.0.2.1",
      [`${NGINX}whitelist-source-range`]: "10.0.0.0/8",
    });
    expect(got.wishes.policy.allow).toEqual(["192.0.2.1"]);
  });
  test("hosts are what they are in lower case", () => {
    const given = { "warren.dev/hosts": "A.Test, xn--bcher-kva.test" };
    expect(read(given).wishes.hosts).toEqual(["a.test", "xn--bcher-kva.test"]);
  });
  test("of two rates the stricter counts", () => {
    const rates = { [`${NGINX}limit-rps`]: "10", [`${NGINX}limit-rpm`]: "60" };
    expect(read(rates).wishes.policy.client_rate?.per_second).toBe(1);
  });
  test("the target of a rewrite takes the place of the whole path, as nginx has it", () => {
    const got = read({ [`${NGINX}rewrite-target`]: "/new" });
    expect(got.wishes.rewrite).toEqual({ type: "full", value: "/new" });
  });
});

describe("a value that cannot be read", () => {
  test.each([
    { name: "warren.dev/allow", value: "everybody" },
    { name: "warren.dev/allow", value: " , " },
    { name: "warren.dev/deny", value: "10.0.0.0/33" },
    { name: "warren.dev/rate-limit", value: "many" },
    { name: "warren.dev/rate-limit", value: "1/s 0" },
    { name: "warren.dev/max-body", value: "-1" },
    { name: "warren.dev/strip-headers", value: "no:name" },
    { name: "warren.dev/redirect-https", value: "yes" },
    { name: "warren.dev/publish", value: "False" },
    { name: "warren.dev/hosts", value: "*" },
    { name: "warren.dev/hosts", value: "a.test." },
    { name: "warren.dev/hosts", value: "bücher.test" },
    { name: `${NGINX}limit-rps`, value: "0" },
    { name: `${NGINX}rewrite-target`, value: "/$1" },
    { name: `${NGINX}proxy-body-size`, value: "8 apples" },
  ])("$name: $value refuses the object, since it closes something", ({ name, value }) => {
    expect(read({ [name]: value }).refusal?.reason).toBe("InvalidAnnotation");
  });
  test.each([
    { name: "warren.dev/affinity", value: "sticky" },
    { name: "warren.dev/mode", value: "public" },
    { name: "warren.dev/head-timeout", value: "30" },
    { name: "warren.dev/backend-protocol", value: "FCGI" },
    { name: `${NGINX}affinity`, value: "ip" },
  ])("$name: $value is left out and told", ({ name, value }) => {
    const got = read({ [name]: value });
    expect(got.refusal).toBeUndefined();
    expect(got.problems.map(({ reason }) => reason)).toEqual(["InvalidAnnotation"]);
    expect(got.wishes.policy).toEqual({});
  });
  test.each([
    { name: `${NGINX}upstream-hash-by`, value: "$request_uri" },
    { name: `${NGINX}affinity-mode`, value: "persistent" },
    { name: `${NGINX}session-cookie-name`, value: "route" },
    { name: `${NGINX}session-cookie-path`, value: "/app" },
    { name: `${NGINX}session-cookie-expires`, value: "172800" },
    { name: `${NGINX}session-cookie-secure`, value: "false" },
    { name: `${NGINX}load-balance`, value: "ip_hash" },
    { name: "nginx.org/lb-method", value: "ip_hash" },
    { name: `${TRAEFIK}service.sticky.cookie.maxage`, value: "42" },
    { name: `${TRAEFIK}service.sticky.cookie.secure`, value: "false" },
  ])(
    "$name: $value keeps a client otherwise than is done here, which is told",
    ({ name, value }) => {
      const got = read({ [name]: value });
      expect([got.refusal, got.wishes.policy]).toEqual([undefined, {}]);
      expect(got.problems).toEqual([
        {
          reason: "UnsupportedAnnotation",
          message: `annotation ${name} is not implemented and left out`,
        },
      ]);
      expect(inFront({ [name]: value }).problems).toEqual([]);
    },
  );
  test("a misspelt annotation of Warren's refuses the object", () => {
    expect(read({ "warren.dev/alow": "10.0.0.0/8" }).refusal?.reason).toBe("UnknownAnnotation");
    expect(read({ "warren.dev/constructor": "x" }).refusal?.reason).toBe("UnknownAnnotation");
    const many = {
      "warren.dev/rate-limt": "1/s",
      "warren.dev/allow-list": "10.0.0.0/8",
      "warren.dev/qqqqqq": "",
    };
    expect(read(many).refusal?.message).toBe(
      "there is no annotation warren.dev/allow-list (did you mean warren.dev/allow?), warren.dev/qqqqqq, warren.dev/rate-limt (did you mean warren.dev/rate-limit?)",
    );
  });
  test.each(["waren.dev/allow", "warrren.dev/allow", "warten.dev/deny", "warren.de/allow"])(
    "%s, whose domain is misspelt, refuses the object",
    (name) => {
      const { refusal } = read({ [name]: "10.0.0.0/8" });
      expect(refusal).toEqual({
        reason: "UnknownAnnotation",
        message: `there is no annotation ${name} (did you mean warren.dev/${name.split("/")[1]}?)`,
      });
    },
  );
  test.each(["barren.example/allow", "dev/allow", "allow"])("%s is another's", (name) => {
    expect(read({ [name]: "x" }).refusal).toBeUndefined();
  });
  test.each(["Host", "cookie, transfer-encoding", "Connection", "content-length"])(
    "fields that a request cannot do without are not stripped: %s",
    (value) => {
      const { refusal } = read({ "warren.dev/strip-headers": value });
      expect(refusal?.reason).toBe("InvalidAnnotation");
      expect(refusal?.message).toMatch(/strip-headers: [a-z-]+ is part of how a request is sent/);
    },
  );
  test("two lists of addresses that differ refuse the object", () => {
    const lists = {
      [`${NGINX}whitelist-source-range`]: "10.0.0.0/8",
      [`${NGINX}allowlist-source-range`]: "192.0.2.1",
    };
    expect(read(lists).refusal?.reason).toBe("InvalidAnnotation");
  });
});

test("no annotation whose name speaks of authentication is ever passed over at a Service", () => {
  const words = fc.constantFrom("auth", "whitelist", "deny", "secure", "oauth2", "basic-auth");
  const affix = fc.stringMatching(/^[a-z]{0,8}$/);
  const domains = fc.constantFrom("nginx.ingress.kubernetes.io", "haproxy.org", "konghq.com");
  fc.assert(
    fc.property(domains, affix, words, affix, (domain, before, word, after) => {
      const name = `${domain}/${before}-${word}-${after}x`;
      expect(read({ [name]: "x" }).refusal?.reason).toBe("UnsupportedAnnotation");
    }),
  );
});

test("whatever is written in annotations, reading them does not throw, and no list is ever opened", () => {
  const name = fc.constantFrom(
    "warren.dev/allow",
    "warren.dev/deny",
    `${NGINX}whitelist-source-range`,
  );
  fc.assert(
    fc.property(name, fc.string(), (one, value) => {
      const { refusal, wishes } = read({ [one]: value });
      const lists = [...(wishes.policy.allow ?? []), ...(wishes.policy.deny ?? [])];
      expect(refusal !== undefined || lists.length > 0).toBe(true);
    }),
  );
});

describe("in front of a controller, to which everybody has the agent's address", () => {
  test.each([
    { name: `${NGINX}configuration-snippet`, value: "allow 192.168.0.0/16; deny all;" },
    { name: `${NGINX}server-snippet`, value: "deny all;" },
    { name: `${NGINX}auth-snippet`, value: "allow 10.0.0.0/8;" },
    { name: `${NGINX}modsecurity-snippet`, value: "SecRule REMOTE_ADDR ..." },
    { name: `${NGINX}satisfy`, value: "any" },
    { name: `${NGINX}auth-url`, value: "https://auth.test/" },
    { name: "nginx.org/server-snippets", value: "deny all;" },
    { name: "nginx.org/policies", value: "lan-only" },
    { name: `${TRAEFIK}router.middlewares`, value: "default-lan@kubernetescrd" },
    { name: `${TRAEFIK}router.entrypoints`, value: "internal" },
    { name: "haproxy.org/backend-config-snippet", value: "http-request deny" },
    { name: "haproxy-ingress.github.io/config-backend", value: "acl lan src 10.0.0.0/8" },
    { name: "haproxy-ingress.github.io/auth-url", value: "https://auth.test/" },
    { name: "konghq.com/plugins", value: "ip-restriction" },
    { name: "alb.ingress.kubernetes.io/scheme", value: "internal" },
    { name: `${NGINX}some-new-access-thing`, value: "x" },
  ])("$name is refused, unless the Ingress says that it is meant", ({ name, value }) => {
    const { refusal } = inFront({ [name]: value });
    expect(refusal?.reason).toBe("UnsupportedAnnotation");
    expect(refusal?.message).toContain(name);
    expect(refusal?.message).toContain('warren.dev/publish: "true"');
    const meant = inFront({ [name]: value, "warren.dev/publish": "true" });
    expect([meant.refusal, meant.problems]).toEqual([undefined, []]);
    const list = inFront({ [name]: value, "warren.dev/allow": "192.0.2.1" });
    expect(list.refusal).toEqual(refusal);
  });

  test.each([
    { name: "haproxy.org/allow-list", value: "192.168.0.0/16" },
    { name: "haproxy-ingress.github.io/denylist-source-range", value: "192.0.2.0/24" },
    { name: "ingress.kubernetes.io/whitelist-source-range", value: "192.168.0.0/16" },
    { name: "alb.ingress.kubernetes.io/inbound-cidrs", value: "10.0.0.0/8" },
    { name: `${NGINX}global-rate-limit-ignored-cidrs`, value: "10.0.0.0/8" },
    { name: "example.test/ip-whitelist", value: "10.0.0.0/8" },
  ])("$name is refused until warren.dev/allow says who may come in", ({ name, value }) => {
    const { refusal } = inFront({ [name]: value });
    expect(refusal?.message).toContain("until warren.dev/allow says");
    expect(inFront({ [name]: value, "warren.dev/publish": "true" }).refusal).toEqual(refusal);
    const stated = inFront({ [name]: value, "warren.dev/allow": "192.0.2.1" });
    expect([stated.refusal, stated.wishes.policy.allow]).toEqual([undefined, ["192.0.2.1"]]);
    expect(inFront({ [name]: value, "warren.dev/allow": "all" }).refusal?.reason).toBe(
      "InvalidAnnotation",
    );
  });

  test.each([
    { name: `${NGINX}auth-type`, value: "basic" },
    { name: `${NGINX}auth-secret`, value: "passwords" },
    { name: `${NGINX}auth-tls-secret`, value: "default/ca" },
    { name: `${NGINX}satisfy`, value: "all" },
    { name: `${NGINX}limit-connections`, value: "5" },
    { name: `${NGINX}enable-modsecurity`, value: "true" },
    { name: "nginx.org/basic-auth-secret", value: "passwords" },
    { name: "haproxy.org/auth-type", value: "basic-auth" },
    { name: `${TRAEFIK}router.entrypoints`, value: "web,websecure" },
    { name: `${TRAEFIK}router.tls.options`, value: "default-mtls@kubernetescrd" },
    { name: "example.test/basic-auth", value: "on" },
    { name: "example.test/owner", value: "me" },
  ])("$name asks nobody for an address: it is the controller's business", ({ name, value }) => {
    const { refusal, problems } = inFront({ [name]: value });
    expect([refusal, problems]).toEqual([undefined, []]);
  });

  test("what is meant for the public behind a controller is still not dialled past at a Service", () => {
    const all = { [`${NGINX}server-snippet`]: "deny all;", "warren.dev/publish": "true" };
    expect(read(all).refusal?.reason).toBe("UnsupportedAnnotation");
    const list = { "haproxy.org/allow-list": "10.0.0.0/8", "warren.dev/allow": "192.0.2.1" };
    expect(read(list).refusal?.reason).toBe("UnsupportedAnnotation");
  });
});

const many = (count: number, more: Record<string, string> = {}) => ({
  ...Object.fromEntries(Array.from({ length: count }, (_one, n) => [`nginx.org/a${n}`, ""])),
  ...more,
});

describe("an object of very many annotations", () => {
  test.each(["service", "controller"] as const)("is not read, and refused: %s", (answerer) => {
    const { refusal, problems } = readAnnotations(many(257), answerer);
    expect(refusal).toMatchObject({ reason: "TooManyAnnotations" });
    expect(refusal!.message).toMatch(/more than 256 annotations.*nothing is published/);
    expect(problems).toEqual([]);
    expect(readAnnotations(many(256), answerer).refusal).toBeUndefined();
  });

  test("still says whether and where it is not public, and at whose hosts", () => {
    const own = { "warren.dev/hosts": "a.test", "warren.dev/publish": "false" };
    const { wishes } = inFront(many(5_000, { ...own, "warren.dev/share-host": "team" }));
    expect(wishes).toMatchObject({ hosts: ["a.test"], publish: false, shareHost: ["team"] });
  });
});

test("annotations are read once, for each who answers", () => {
  const all = { [`${NGINX}auth-type`]: "basic" };
  expect(read(all)).toBe(read(all));
  expect(inFront(all)).toBe(inFront(all));
  expect(read(all).refusal).toBeDefined();
  expect(inFront(all).refusal).toBeUndefined();
});
