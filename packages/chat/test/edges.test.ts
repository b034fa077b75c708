import { request } from "node:http";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runningChat, tokenOf } from "./_running-chat.ts";

const PAGE = "https://ui.example.com";
const opened = new AsyncDisposableStack();
let running: Awaited<ReturnType<typeof runningChat>>;
let port: number;

beforeAll(async () => {
  running = opened.use(
    await runningChat({
      listen: { host: "::", port: 0 },
      isDevelopment: false,
      origins: { sockets: [], cors: [PAGE] },
      // A proxy on this machine that is believed, and one that is not.
      trustedProxies: ["127.0.0.9/32"],
    }),
  );
  ({ port } = running.chat);
});
afterAll(() => opened.disposeAsync());

interface Asked {
  method?: string;
  host?: string;
  /** Where the request comes from. */
  from?: string;
  headers?: Record<string, string>;
}

async function ask(
  path: string,
  { method = "GET", host = "127.0.0.1", from, headers = {} }: Asked,
) {
  const local = from === undefined ? {} : { localAddress: from };
  const asked = request({ host, port, path, method, headers, agent: false, ...local });
  asked.end();
  const [response] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
  response.resume();
  await once(response, "end");
  return { status: response.statusCode, headers: response.headers };
}

const via = (client: string) => ({ "x-forwarded-for": client });

test.each([
  { name: "a direct peer of this machine", asked: {}, status: 200 },
  { name: "one over IPv6", asked: { host: "::1" }, status: 200 },
  {
    name: "somebody behind a proxy that is not believed",
    asked: { headers: via("10.1.1.1") },
    status: 403,
  },
  {
    name: "somebody who says that they are this machine",
    asked: { headers: via("127.0.0.1") },
    status: 403,
  },
  {
    name: "somebody who says so in the other field",
    asked: { headers: { forwarded: "for=127.0.0.1" } },
    status: 403,
  },
  {
    name: "a stranger behind a proxy that is believed",
    asked: { from: "127.0.0.9", headers: via("203.0.113.9") },
    status: 403,
  },
  {
    name: "a client of an allowed network behind such a proxy",
    asked: { from: "127.0.0.9", headers: via("10.1.1.1") },
    status: 200,
  },
])("the metrics for $name: $status, at each of their addresses", async ({ asked, status }) => {
  for (const path of ["/metrics", "/chat/metrics/prometheus", "/chatbox/metrics/prometheus"]) {
    expect([path, (await ask(path, asked)).status]).toEqual([path, status]);
  }
});

test.each(["/health", "/chat/healthz", "/chat/readyz", "/chatbox/healthz", "/chatbox/readyz"])(
  "%s answers whoever asks, however often, and says nothing of who they are",
  async (path) => {
    const all = await Promise.all(Array.from({ length: 70 }, () => ask(path, {})));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await ask(path, { headers: via("203.0.113.9") })).status).toBe(200);
  },
);

const PREFLIGHT = { origin: PAGE, "access-control-request-method": "POST" };

test.each([
  "/chat/admin/sessions",
  "/chat/admin/takeover/x",
  "/chat/sessions",
  "/chat/admin/metrics",
  "/chat/metrics/prometheus",
  "/chatbox/sessions",
])("a preflight to %s is answered before any token is asked for", async (path) => {
  const { status, headers } = await ask(path, { method: "OPTIONS", headers: PREFLIGHT });
  expect(status).toBe(204);
  expect(headers).toMatchObject({
    "access-control-allow-origin": PAGE,
    "access-control-allow-credentials": "true",
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "access-control-max-age": "43200",
    vary: expect.stringContaining("Origin") as string,
  });
});

test("a page that is not listed gets no preflight, and no fields that would let it read", async () => {
  const origin = "https://evil.example";
  const preflight = { method: "OPTIONS", headers: { ...PREFLIGHT, origin } };
  expect((await ask("/chat/sessions", preflight)).status).toBe(403);
  const { headers } = await ask("/chat/healthz", { headers: { origin } });
  expect(headers).not.toHaveProperty("access-control-allow-origin");
  expect(headers.vary).toContain("Origin");
});

test("the start says which origins CORS lets in", () => {
  const lines = running.log.lines.filter(({ msg }) => msg === "CORS middleware configured");
  expect(lines.map(({ fields }) => fields)).toEqual([{ origins: [PAGE] }]);
});

test("everything under the prefix answers under the old one", async () => {
  const headers = { authorization: `Bearer ${tokenOf("alice")}` };
  for (const path of ["/sessions", "/openapi.json", "/asyncapi.json"]) {
    const [now, before] = [
      await ask(`/chat${path}`, { headers }),
      await ask(`/chatbox${path}`, { headers }),
    ];
    expect([path, now.status, before.status]).toEqual([path, 200, 200]);
  }
});

test("the store is ready under its own name, and under the one that probes of old know", async () => {
  await using running = await runningChat();
  const answer = await fetch(`http://127.0.0.1:${running.chat.port}/chatbox/readyz`);
  const { status, checks } = (await answer.json()) as Record<string, unknown>;
  expect([answer.status, status]).toEqual([200, "ready"]);
  const ready = { status: "ready" };
  expect(checks).toMatchObject({
    store: ready,
    mongodb: ready,
    llm: { ...ready, providers_count: 1 },
  });
});
