import { hashBasicAuth } from "@warren/gateway";
import type { Metrics } from "@warren/host";
import {
  freePort,
  rawClient,
  RawService,
  startFaultProxy,
  testAuthority,
  type RawEnd,
} from "@warren/host/testing";
import { expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
const BULK_BYTES = 8_000_000;

/** Serves each host of the test by what its request says. */
function serve(end: RawEnd): void {
  let answered = 0;
  end.socket.on("data", () => {
    const asked = end.text.split("\r\n\r\n").length - 1;
    for (; answered < asked; answered++) {
      if (end.text.includes("upgrade: x")) end.send(SWITCH);
      else if (end.text.startsWith("GET /bulk")) {
        end.send(`HTTP/1.1 200 OK\r\ncontent-length: ${BULK_BYTES}\r\n\r\n`);
        end.send(Buffer.alloc(BULK_BYTES));
      } else end.send(OK);
    }
  });
}

/** What only a CA, or a cluster's own endpoint, moves: seen in the suites that have those (acme-shared, direct). */
const ELSEWHERE = [
  "gateway_acme_orders_total",
  "gateway_acme_renewals_total",
  "gateway_endpoint_failures_total",
  "gateway_host_certificates",
  "gateway_host_certificates_expire_timestamp_seconds",
];

/** Which of the families have shown a number above nothing so far. */
class Moved {
  readonly #metrics: Metrics;
  readonly #still: Set<string>;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    const names = metrics.declared.map(({ name }) => name);
    this.#still = new Set(names.filter((name) => !ELSEWHERE.includes(name)));
  }

  async look(): Promise<string[]> {
    for (const line of (await this.#metrics.text()).split("\n")) {
      const [, name = "", value = ""] = /^(\w+?)(?:_count)?(?:\{.*\})? (\S+)$/.exec(line) ?? [];
      if (Number(value) > 0) this.#still.delete(name);
    }
    return [...this.#still];
  }
}

test("real traffic, and what goes wrong with it, moves every metric of a gateway and of its agent", async () => {
  await using owned = new AsyncDisposableStack();
  const service = owned.use(await RawService.start(serve));
  const db = owned.use(await RawService.start((end) => end.socket.pipe(end.socket)));
  // Its second answer never comes: the connection was kept and has died.
  const flaky = owned.use(
    await RawService.start((end) => {
      end.socket.once("data", () => end.send(OK));
      void end.until(({ text }) => text.split("GET").length > 2).then(() => end.socket.destroy());
    }),
  );
  let proxy!: Awaited<ReturnType<typeof startFaultProxy>>;
  const publicPort = await freePort();
  const rate = { per_second: 0.1, burst: 1 };
  const tcp = { kind: "tcp" as const, host: "" };
  const joined = owned.use(
    await Joined.start({
      gateway: { tcpPorts: { host: "127.0.0.1", from: publicPort, to: publicPort } },
      certificates: { app: testAuthority().issue({ hosts: ["app.test"] }) },
      via: async (port) => (proxy = owned.use(await startFaultProxy({ target: { port } }))),
      routes: [
        routeTo("app.test", service.port),
        routeTo("flaky.test", flaky.port),
        routeTo("nobody.test", 1),
        routeTo("limited.test", service.port, { policy: { rate } }),
        routeTo("auth.test", service.port, {
          policy: { basic_auth: [await hashBasicAuth("u", "p")] },
        }),
        { ...routeTo("db", db.port), route: { ...tcp, service: "db", port: db.port } },
        { ...routeTo("no", db.port), route: { ...tcp, service: "no", port: 1, public_port: 1 } },
      ],
    }),
  );
  const ask = (host: string, path = "/", more = "") =>
    owned.use(rawClient(joined.port, `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${more}\r\n`));
  const answered = (host: string, status: number) => ask(host).has(`HTTP/1.1 ${status} `);

  await answered("app.test", 200);
  await answered("none.test", 404);
  await answered("nobody.test", 502);
  await answered("auth.test", 401);
  await answered("limited.test", 200);
  await answered("limited.test", 429);
  await answered("flaky.test", 200);
  await answered("flaky.test", 200);
  const word = "connection: upgrade\r\nupgrade: x\r\n";
  await ask("app.test", "/", word).has(" 101 ");
  const agent =
    "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n" +
    "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: warren.v1\r\n" +
    "authorization: Bearer nonsense\r\n";
  await ask("app.test", "/.well-known/warren/tunnel", agent).has(" 401 ");
  const closed = owned.use(rawClient(await joined.publicPort, "select 1"));
  await closed.has("select 1");
  closed.socket.end();
  await closed.over();
  await owned.use(rawClient(await joined.publicPort, "select 2")).has("select 2");
  // Gone, refused when it comes back, and then resumed.
  proxy.refuse();
  proxy.cut("rst");
  await proxy.until(({ refused }) => refused > 0);
  proxy.heal();

  const [gateway, own] = [new Moved(joined.metrics), new Moved(joined.agentMetrics)];
  for (let n = 0; ; n++) {
    const still = [...(await gateway.look()), ...(await own.look())];
    if (still.length === 0) break;
    if (n === 2_000) expect(still).toEqual([]);
    if (n % 50 === 0) {
      ask("app.test", "/bulk");
      const post = `POST / HTTP/1.1\r\nhost: app.test\r\ncontent-length: ${BULK_BYTES}\r\n\r\n`;
      const upload = owned.use(rawClient(joined.port, post));
      upload.send(Buffer.alloc(BULK_BYTES));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}, 120_000);

test("made-up hosts, methods and paths add no series", async () => {
  await using owned = new AsyncDisposableStack();
  const service = owned.use(await RawService.start(serve));
  const joined = owned.use(await Joined.start({ routes: [routeTo("app.test", service.port)] }));
  const series = async () => (await joined.metrics.text()).split("\n").length;
  const ask = async (n: number) => {
    const method = ["GET", "PROPFIND", `MADE-UP-${"X".repeat(n % 20)}`][n % 3];
    const host = n % 2 === 0 ? "app.test" : `h${n}.test`;
    const line = `${method} /${n} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
    using client = rawClient(joined.port, line);
    await client.over();
  };
  for (let n = 0; n < 12; n++) await ask(n);
  const before = await series();
  for (let n = 12; n < 150; n++) await ask(n);
  expect(await series()).toBe(before);
});
