import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Policy } from "@warren/wire";
import * as v from "valibot";
import type { Claim, RouteEntry } from "../ports.ts";
import type { AdminPorts, TunnelSummary } from "./admin-ports.ts";
import { startAdmin, type Admin } from "./start-admin.ts";

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  json: () => unknown;
}
interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

let folder: string;
let admin: Admin | undefined;
let isReady: boolean;
let heard: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "warren-admin-"));
  isReady = true;
  heard = [];
});
afterEach(async () => {
  await admin?.[Symbol.asyncDispose]();
  admin = undefined;
  await rm(folder, { recursive: true });
});

const NO_POLICY = v.parse(Policy, {});
const entry = (host: string, publicPort?: number): RouteEntry =>
  ({
    key: `${host}${publicPort}`,
    clusterUuid: "c1",
    route: { host, policy: NO_POLICY },
    publicPort,
  }) as RouteEntry;
const routes = [
  entry("a.org"),
  entry("b.org"),
  entry("b.org"),
  entry("", 20_000),
  entry("", 20_001),
  entry("z.org"),
];
const places = ["a.org", "b.org", "b.org", "tcp:20000", "tcp:20001", "z.org"];
const claims = ["a.org", "b.org", "tcp:20000"].map((host) => ({ host, group: "home" }) as Claim);
const tunnels = [2, 1].map(
  (n) => ({ tunnel: `t${n}`, cluster_uuid: "c1", agent_id: `a${n}` }) as TunnelSummary,
);

const ports: AdminPorts = {
  registry: {
    // Whole hosts only, as the port says.
    routes: async ({ after, limit }) => {
      const from = routes.filter((_, i) => after === undefined || places[i]! > after);
      const rest = places.slice(-from.length);
      let end = Math.min(limit, from.length);
      while (end < from.length && rest[end] === rest[end - 1]) end += 1;
      return from.slice(0, end);
    },
    claims: async () => claims,
    release: async (host) => heard.push(`release ${host}`) > 0 && host === "a.org",
    releaseUnused: async (cluster) => heard.push(`release unused of ${cluster ?? "all"}`),
    revocations: {
      revoke: async (id) => void heard.push(`revoke ${id}`),
      isRevoked: async () => false,
      onRevoked: () => () => {},
      list: async () => ["t1"],
    },
  },
  tunnels: () => tunnels,
  why: (url, method) => {
    if (url.hostname === "broken.org") throw new Error("secret detail");
    return { method, host: url.hostname, path: url.pathname };
  },
  rollout: async () => ({ percent: 25, clusters: [], fallback: null, served: 1, of: 4 }),
  ready: () => isReady,
  drain: () => {
    isReady = false;
  },
  metrics: { text: async () => "up 1\n", contentType: "text/plain; version=0.0.4" },
  events: {
    credentialRefused: (kind) => heard.push(`refused ${kind}`),
    adminChanged: (what) => heard.push(`changed ${what}`),
    tokenRevoked: () => {},
    broke: (where, error) => heard.push(`broke ${where} ${String(error)}`),
  },
};

async function open(host = "127.0.0.1"): Promise<Admin> {
  const tokenFile = join(folder, "admin.token");
  return (admin = await startAdmin(
    { host, port: 0, tokenFile },
    ports,
    new AbortController().signal,
  ));
}

/** With fields that fetch would not let one set. */
async function ask(
  path: string,
  { method = "GET", headers = {}, body }: Asked = {},
): Promise<Answer> {
  const asked = httpRequest({
    host: "127.0.0.1",
    port: admin!.port,
    path,
    method,
    agent: false,
    headers,
  });
  asked.end(body);
  const [response] = await once(asked, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return {
    status: response.statusCode,
    headers: response.headers,
    body: text,
    json: () => JSON.parse(text),
  };
}
const JSON_TYPE = { "content-type": "application/json" };

describe("what everybody may see", () => {
  test.each([
    { path: "/healthz", want: { status: "ok" } },
    { path: "/readyz", want: { ready: true } },
    { path: "/claims?limit=2", want: { items: claims.slice(0, 2), next: "b.org" } },
    { path: "/claims?limit=2&after=b.org", want: { items: claims.slice(2), next: null } },
    { path: "/tunnels", want: { items: tunnels.toReversed(), next: null } },
    { path: "/revocations", want: { items: ["t1"], next: null } },
    {
      path: "/why?url=https%3A%2F%2Fa.org%2Fx%3Fy&method=post",
      want: { method: "POST", host: "a.org", path: "/x" },
    },
  ])("$path", async ({ path, want }) => {
    await open();
    const answer = await ask(path);
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.json()).toEqual(want);
  });

  test("every route is on one page exactly, whatever the page's size", async () => {
    await open();
    for (const limit of [1, 2, 3, 100]) {
      const seen: string[] = [];
      for (let next: string | null = ""; next !== null;) {
        const page = (await ask(`/routes?limit=${limit}&after=${next}`)).json() as {
          items: RouteEntry[];
          next: string | null;
        };
        seen.push(...page.items.map(({ key }) => key));
        next = page.next;
      }
      expect(seen).toEqual(routes.map(({ key }) => key));
    }
  });

  test("metrics are text, / lists what there is, HEAD has no body", async () => {
    await open();
    expect(await ask("/metrics")).toMatchObject({ status: 200, body: "up 1\n" });
    expect((await ask("/")).body).toContain("/claims/{host}");
    expect(await ask("/healthz", { method: "HEAD" })).toMatchObject({ status: 200, body: "" });
  });

  test("a drain makes it not ready, while it stays alive", async () => {
    await open();
    expect((await ask("/drain", { method: "POST", headers: JSON_TYPE })).status).toBe(202);
    expect(await ask("/readyz")).toMatchObject({ status: 503 });
    expect(await ask("/healthz")).toMatchObject({ status: 200 });
  });

  test.each([
    { path: "/nowhere", status: 404 },
    { path: "/claims/", status: 404 },
    { path: "/drain", status: 405 },
    { path: "/routes?limit=0", status: 400 },
    { path: "/routes?limit=x", status: 400 },
    { path: "/why?url=a.org", status: 400 },
    { path: "/why?url=file:///etc/passwd", status: 400 },
    { path: "/why?url=http://broken.org/", status: 500 },
  ])("$path is answered $status", async ({ path, status }) => {
    await open();
    const answer = await ask(path);
    expect(answer.status).toBe(status);
    expect(answer.json()).toEqual({
      error: { code: expect.any(String), message: expect.any(String) },
    });
    expect(answer.body).not.toContain("secret detail");
    if (status === 500) expect(heard).toEqual(["broke admin Error: secret detail"]);
  });
});

describe("what changes things", () => {
  const body = '{"token_id":"t9"}';
  test.each([
    { name: "a revocation", method: "POST", path: "/revocations", body, did: "revoke t9" },
    { name: "a release", method: "DELETE", path: "/claims/A.org", did: "release a.org" },
    {
      name: "a release of what is unused",
      method: "DELETE",
      path: "/claims?unused=true",
      did: "release unused of all",
    },
    {
      name: "a release of what is unused of a cluster",
      method: "DELETE",
      path: "/claims?unused=true&cluster=c1",
      did: "release unused of c1",
    },
  ])("$name on loopback needs no credential", async ({ method, path, did, ...said }) => {
    await open();
    const answer = await ask(path, { method, headers: JSON_TYPE, ...said });
    expect(answer.status).toBe(200);
    expect(heard).toEqual([did, `changed ${method} ${path.split("?")[0]}`]);
  });

  test.each([
    { name: "a body, not JSON", path: "/revocations", method: "POST", body: "{", status: 400 },
    {
      name: "a body of another shape",
      path: "/revocations",
      method: "POST",
      body: '{"id":"x"}',
      status: 400,
    },
    { name: "no body", path: "/revocations", method: "POST", body: "", status: 400 },
    {
      name: "a body without end",
      path: "/revocations",
      method: "POST",
      body: " ".repeat(70_000),
      status: 413,
    },
    { name: "a release of nothing", path: "/claims", method: "DELETE", body: "", status: 400 },
    {
      name: "a host that nobody claims",
      path: "/claims/b.org",
      method: "DELETE",
      body: "",
      status: 404,
    },
    { name: "a path badly encoded", path: "/claims/%zz", method: "DELETE", body: "", status: 400 },
  ])("$name changes nothing: $status", async ({ path, method, body, status }) => {
    await open();
    expect((await ask(path, { method, headers: JSON_TYPE, body })).status).toBe(status);
    expect(heard.filter((line) => /^(changed|revoke)/.test(line))).toEqual([]);
  });

  const form = { "content-type": "text/plain" };
  test.each([
    {
      name: "a page on a rebound name may not read",
      asked: { headers: { host: "evil.org" } },
      path: "/routes",
      status: 421,
    },
    {
      name: "nor one under .localhost",
      asked: { headers: { host: "app.localhost:8080" } },
      path: "/routes",
      status: 421,
    },
    {
      name: "a foreign page's form may not change",
      asked: { method: "POST", headers: form },
      path: "/drain",
      status: 403,
    },
    {
      name: "a request from another origin may not either",
      asked: { method: "POST", headers: { ...JSON_TYPE, origin: "http://evil.org" } },
      path: "/drain",
      status: 403,
    },
    {
      name: "a preflight is not granted",
      asked: {
        method: "OPTIONS",
        headers: { origin: "http://evil.org", "access-control-request-method": "POST" },
      },
      path: "/drain",
      status: 403,
    },
    {
      name: "a program may, by the field",
      asked: { method: "POST", headers: { "x-warren-admin": "1" } },
      path: "/drain",
      status: 202,
    },
    {
      name: "localhost is as good as 127.0.0.1",
      asked: { headers: { host: "localhost:9090" } },
      path: "/routes",
      status: 200,
    },
  ])("$name", async ({ asked, path, status }) => {
    await open();
    const answer = await ask(path, asked);
    expect(answer.status).toBe(status);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    expect(isReady).toBe(status !== 202);
  });
});

test("a balancer's check may leave the host out", async () => {
  await open();
  const socket = connect(admin!.port, "127.0.0.1");
  socket.write("GET /readyz HTTP/1.0\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
});

describe("beyond loopback", () => {
  test("views are open, changes need the token of the file, as it is now", async () => {
    await open("0.0.0.0");
    const file = join(folder, "admin.token");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const token = (await readFile(file, "utf8")).trim();
    expect(token).toHaveLength(43);
    const drain = (authorization?: string): Promise<Answer> =>
      ask("/drain", {
        method: "POST",
        headers: { ...JSON_TYPE, ...(authorization === undefined ? {} : { authorization }) },
      });
    expect(await ask("/routes", { headers: { host: "gateway.internal" } })).toMatchObject({
      status: 200,
    });
    expect(await drain()).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
    expect((await drain("Bearer wrong")).status).toBe(401);
    expect((await drain(`Basic ${token}`)).status).toBe(401);
    expect(heard).toEqual(["refused admin", "refused admin", "refused admin"]);
    expect((await drain(`Bearer ${token}`)).status).toBe(202);
    await writeFile(file, "rotated\n");
    expect((await drain(`Bearer ${token}`)).status).toBe(401);
    expect((await drain("Bearer rotated")).status).toBe(202);
    await writeFile(file, "\n");
    expect((await drain("Bearer rotated")).status).toBe(401);
  });

  test("a token that is there stays", async () => {
    await writeFile(join(folder, "admin.token"), "mine\n");
    await open("0.0.0.0");
    expect(await readFile(join(folder, "admin.token"), "utf8")).toBe("mine\n");
  });

  test("on loopback no token is made", async () => {
    await open();
    await expect(stat(join(folder, "admin.token"))).rejects.toThrow("ENOENT");
  });
});

describe("its life", () => {
  test("a taken port is an error that names it", async () => {
    const { port } = await open();
    const options = { host: "127.0.0.1", port, tokenFile: join(folder, "t") };
    const second = startAdmin(options, ports, new AbortController().signal);
    await expect(second).rejects.toThrow(
      `port ${port} is in use: stop what listens there, or choose another with --admin-port`,
    );
  });

  test("closing ends connections that never finish what they say, and closing twice is closing once", async () => {
    const { port } = await open();
    const idle = connect(port, "127.0.0.1");
    await once(idle, "connect");
    // Half a head: not idle, as node:http sees it. Once the next answer is here, it was read.
    idle.write("GET /routes HTTP/1.1\r\n");
    await ask("/healthz");
    const ended = once(idle, "close");
    await admin![Symbol.asyncDispose]();
    await admin![Symbol.asyncDispose]();
    await ended;
  });
});
