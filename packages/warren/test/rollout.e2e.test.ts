import { afterAll, beforeAll, expect, test } from "vitest";
import { ask, served } from "./_kit/ask.ts";
import { Fleet, type GatewayOnStage } from "./_kit/fleet.ts";
import { trafficService } from "./_kit/traffic-service.ts";

/** Where a cluster stands among all is decided by its uuid: at 7, 60 and 90 percent. */
const EARLY = "00000000-0000-4000-8000-000000000001";
const LATE = "00000000-0000-4000-8000-000000000003";
const BETA = "00000000-0000-4000-8000-000000000002";
const HOSTS = { "early.test": EARLY, "late.test": LATE, "beta.test": BETA };

const owned = new AsyncDisposableStack();
const fleet = owned.use(new Fleet());
let gateway: GatewayOnStage;

async function join(
  to: GatewayOnStage,
  hosts: Record<string, string>,
  more: string[] = [],
): Promise<void> {
  const service = owned.use(await trafficService());
  await Promise.all(
    Object.entries(hosts).map(async ([host, uuid]) => {
      const { file } = await fleet.token({ uuid, group: uuid });
      const words = ["--gateway", `ws://127.0.0.1:${to.port}`, "--token-file", file];
      await fleet.agent([...words, "--service", `${host}=${service.port}`, ...more]);
    }),
  );
}

beforeAll(async () => {
  const more = ["--rollout-percent", "25", "--rollout-cluster", BETA];
  gateway = await fleet.gateway({ more });
  await join(gateway, HOSTS);
});
afterAll(() => owned.disposeAsync());

test("a share and the listed clusters are served, and the others are not enabled", async () => {
  const { port } = gateway;
  for (const host of ["early.test", "beta.test"]) await served(port, host);
  const answer = await ask({ port, host: "late.test" });
  expect(answer.status).toBe(404);
  expect(answer.body).toContain('"not_enabled"');
  expect((await ask({ port, host: "unknown.test" })).body).toContain('"no_route"');
});

test("status and why say so", async () => {
  const asked = ["--admin", `http://127.0.0.1:${gateway.adminPort}`];
  const status = await fleet.start(["status", ...asked]).ended();
  expect(status.stdout).toContain(
    "roll-out 25 % and 1 listed cluster: 2 of 3 private clusters served, the others are answered 404 not_enabled",
  );
  const json = await fleet.start(["status", ...asked, "--json"]).ended();
  expect(JSON.parse(json.stdout)).toMatchObject({
    rollout: { percent: 25, clusters: [BETA], fallback: null, served: 2, of: 3 },
  });
  const why = await fleet.start(["why", "http://late.test/", ...asked]).ended();
  expect(why.stdout).toContain("is not served: 404 not_enabled");
  expect(why.stdout).toContain("--rollout-percent");
});

test("with a fallback the others are sent there, with path and query", async () => {
  const fallback = ["--rollout-fallback", "https://{host}.old.example.com"];
  const other = await fleet.gateway({ more: ["--rollout-percent", "0", ...fallback] });
  await join(other, { "early.test": EARLY });
  const answer = await ask({ port: other.port, host: "early.test", path: "/a%20b?q=1" });
  expect([answer.status, answer.headers.location]).toEqual([
    307,
    "https://early.test.old.example.com/a%20b?q=1",
  ]);
  expect((await ask({ port: other.port, host: "unknown.test" })).status).toBe(404);
});

test("a public cluster is served through its tunnel too, and is not counted as private", async () => {
  const other = await fleet.gateway({ more: ["--rollout-percent", "0"] });
  await join(other, { "late.test": LATE }, ["--no-private"]);
  await join(other, { "early.test": EARLY });
  await served(other.port, "late.test");
  expect((await ask({ port: other.port, host: "early.test" })).body).toContain('"not_enabled"');
  const asked = ["--admin", `http://127.0.0.1:${other.adminPort}`, "--json"];
  const status = await fleet.start(["status", ...asked]).ended();
  expect(JSON.parse(status.stdout)).toMatchObject({ rollout: { served: 0, of: 1 } });
});
