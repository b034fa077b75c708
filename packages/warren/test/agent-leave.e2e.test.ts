/** An agent's cluster before and after it: what `warren agent leave` leaves. Gateway and agents are processes, the API server is a double. */
import { GATEWAY_CLASSES, GATEWAYS, ROUTES } from "@warren/agent/kube";
import {
  INGRESS_CLASSES,
  INGRESSES,
  LEASES,
  statusOf,
  type KubeObject,
  type Resource,
} from "@warren/host/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ask } from "./_kit/ask.ts";
import { ingressOf, KubeStage } from "./_kit/kube-stage.ts";
import { webService } from "./_service.ts";

const HOST = "my-app.example.com";
const LONG = { timeout: 30_000 };
const CUSTOM = [GATEWAY_CLASSES, GATEWAYS, ROUTES.HTTPRoute].map(
  ({ versions }) => versions[0] as Resource<Custom>,
);
const [CLASSES, GATES, HTTP_ROUTES] = CUSTOM as [
  Resource<Custom>,
  Resource<Custom>,
  Resource<Custom>,
];
const KINDS: readonly Resource<Custom>[] = [INGRESSES, ...CUSTOM];
const theirs = { parentRef: { name: "other" }, controllerName: "example.com/x", conditions: [] };

const DEPLOYMENTS = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
};

/** What is answered again and again meanwhile. */
function watch(ask: () => Promise<number>) {
  const seen = new Set<number>();
  const over = new AbortController();
  const look = async (): Promise<void> => {
    seen.add(await ask());
    if (!over.signal.aborted) await look();
  };
  const going = look();
  const end = async () => {
    over.abort();
    await going;
    return seen;
  };
  return { seen: end, [Symbol.asyncDispose]: async () => void (await end()) };
}

type Custom = KubeObject & { spec?: object; status?: object };

describe("what agents wrote", { timeout: 120_000 }, () => {
  let stage: KubeStage;
  let app: Awaited<ReturnType<typeof webService>>;
  beforeEach(async () => {
    stage = await KubeStage.start(["--resume-within", "3s"]);
    app = await webService("my-app");
    stage.service("my-app", app.port);
    fill();
  });
  afterEach(async () => {
    await stage[Symbol.asyncDispose]();
    await app[Symbol.asyncDispose]();
  });

  /** Of each kind that agents write to, one of ours, and one that others have written to. */
  function fill(): void {
    const { api } = stage;
    for (const resource of CUSTOM) api.serve(resource);
    const controller = "warren.dev/ingress";
    api.put({ metadata: { name: "warren" }, spec: { controller } }, INGRESS_CLASSES);
    const mine = ingressOf("my-app", HOST, app.port);
    const unsaid = { status: { loadBalancer: {} } };
    api.put({
      ...mine,
      ...unsaid,
      spec: { ...mine.spec, ingressClassName: "warren" },
    } as typeof mine);
    const other = ingressOf("other", "other.example.com", app.port);
    const status = { loadBalancer: { ingress: [{ ip: "192.0.2.7" }] } };
    api.put({
      ...other,
      spec: { ...other.spec, ingressClassName: "nginx" },
      status,
    } as typeof other);
    const spec = { controllerName: "warren.dev/gateway" };
    api.put({ metadata: { name: "warren" }, spec }, CLASSES);
    const metadata = { name: "edge", namespace: "default" };
    const listeners = [{ name: "http", port: 80, protocol: "HTTP" }];
    api.put({ metadata, spec: { gatewayClassName: "warren", listeners } }, GATES);
    const rules = [{ backendRefs: [{ name: "my-app", port: app.port }] }];
    const route = { parentRefs: [{ name: "edge" }], hostnames: ["route.example.com"], rules };
    api.put({ metadata: { ...metadata, name: "one" }, spec: route }, HTTP_ROUTES);
    const shared = { ...route, hostnames: ["shared.example.com"] };
    const before = { parents: [theirs] };
    api.put({ metadata: { ...metadata, name: "two" }, spec: shared, status: before }, HTTP_ROUTES);
  }

  const cluster = () =>
    KINDS.flatMap((kind) => stage.api.all<Custom>(kind)).map(({ metadata, ...rest }) => ({
      ...rest,
      metadata: { ...metadata, resourceVersion: "" },
    }));
  const status = async (host: string) => (await ask({ port: stage.gateway.port, host })).status;
  const parents = (name: string) =>
    (stage.api.get(HTTP_ROUTES, { namespace: "default", name })?.status as { parents?: unknown[] })
      ?.parents;
  const address = () => {
    const name = { namespace: "default", name: "my-app" };
    return stage.api.get(INGRESSES, name)?.status?.loadBalancer?.ingress;
  };
  const isTold = () =>
    stage.api.until(
      () => address() !== undefined && parents("one") && parents("two")?.length === 2,
    );

  /** An agent that has published everything and written all that it writes. */
  async function served() {
    const agent = await stage.agent("agent-0");
    await isTold();
    for (const host of [HOST, "route.example.com", "shared.example.com"])
      await expect.poll(() => status(host), LONG).toBe(200);
    return agent;
  }

  test("is not touched while one of them leads, and is all gone when they have stopped", async () => {
    const before = cluster();
    const agent = await served();
    const refused = await stage.leave("--wait", "1s");
    expect([refused.code, refused.findings]).toMatchObject([
      1,
      [
        {
          check: "Lease warren-system/warren-agent",
          level: "fail",
          said: expect.stringMatching(/^agent-0_\w+ leads: nothing was touched$/) as string,
        },
        { check: "hosts at the gateway" },
      ],
    ]);
    const mistaken = await stage.leave("--kube-lease", "default/warren-agent");
    expect(mistaken.findings[0]).toMatchObject({
      level: "fail",
      said: expect.stringContaining("lead by warren-system/warren-agent") as string,
    });
    expect(address()).toBeDefined();

    agent.signal("SIGTERM");
    await agent.ended();
    const left = await stage.leave();
    expect([left.code, left.findings.map(({ level }) => level)]).toEqual([
      0,
      ["ok", "ok", "ok", "ok", "ok", "ok", "note"],
    ]);
    expect(cluster()).toEqual(before);
    expect(stage.lease).toBe(undefined);
    expect(await status(HOST)).toBe(404);
    expect(left.findings.at(-1)!.todo).toMatch(
      /claims release --unused --cluster [\w-]{8,}.*token revoke [\w-]{8,}/,
    );

    const again = await stage.leave();
    expect(again.code).toBe(0);
    expect(again.findings.map(({ said }) => said)).toContain("nothing of ours in 2");
    expect(cluster()).toEqual(before);
    expect(stage.lease).toBe(undefined);
    // Who comes back finds a cluster like any other.
    await stage.agent("agent-1");
    await isTold();
    await expect.poll(() => status(HOST), LONG).toBe(200);
  });

  test("by a killed one is gone once its Lease is over", async () => {
    const before = cluster();
    const agent = await served();
    agent.signal("SIGKILL");
    await agent.ended();
    expect(await stage.leave()).toMatchObject({ code: 0 });
    expect(cluster()).toEqual(before);
    expect(await status(HOST)).toBe(404);
  });

  test("stays where another release's agents lead, statuses and routes, and its own Lease goes", async () => {
    const agent = await served();
    const other = await stage.agent("other-0", "--kube-lease", "warren-system/b");
    const lease = () => stage.api.get(LEASES, { namespace: "warren-system", name: "b" });
    await stage.api.until(() => lease()?.metadata.annotations?.["warren.dev/serves"] !== undefined);
    agent.signal("SIGTERM");
    await agent.ended();
    await using watched = watch(() => status(HOST));
    const left = await stage.leave();
    expect([left.code, left.findings]).toMatchObject([
      0,
      [
        { level: "note", said: expect.stringMatching(/^stay: other agents of this/) as string },
        { level: "note", said: expect.stringMatching(/^stay: .* by warren-system\/b,/) as string },
        { check: "Lease warren-system/warren-agent", level: "ok", said: "is gone" },
        { check: "hosts at the gateway" },
      ],
    ]);
    expect([address(), parents("two")?.length, stage.lease]).toMatchObject([{}, 2, undefined]);
    expect(await watched.seen()).toEqual(new Set([200]));
    // Of agents of a release before nothing is known.
    const { metadata, spec } = lease()!;
    other.signal("SIGKILL");
    await other.ended();
    const fresh = { ...spec, renewTime: new Date().toISOString().replace("Z", "000Z") };
    const annotations = { "warren.dev/revision": "1" };
    stage.api.put({ metadata: { ...metadata, annotations }, spec: fresh }, LEASES);
    const gone = { namespace: "warren-system", name: "warren-agent" };
    stage.api.put({ metadata: gone, spec: { holderIdentity: "" } }, LEASES);
    const unsure = await stage.leave();
    expect(unsure.findings.filter(({ level }) => level === "fail")).toMatchObject([
      { check: "statuses", said: expect.stringContaining("may write them") as string },
    ]);
    expect([unsure.code, address()]).toMatchObject([1, {}]);
    expect(await status(HOST)).toBe(404);
    expect((await stage.leave("--force")).code).toBe(0);
    expect(address()).toBe(undefined);
  });

  test("is not touched while their Deployment is there, nor by who is told that they wrote nothing", async () => {
    const agent = await served();
    agent.signal("SIGTERM");
    await agent.ended();
    const name = { namespace: "warren-system", name: "warren-agent" };
    stage.api.serve(DEPLOYMENTS);
    stage.api.put({ metadata: name }, DEPLOYMENTS);
    const refused = await stage.leave("--after", "warren-system/warren-agent");
    expect([refused.code, refused.findings[0]]).toMatchObject([
      1,
      { level: "fail", said: "is there: nothing was touched" },
    ]);
    expect((await stage.leave("--kube", "off")).code).toBe(0);
    // Nor where it cannot be known whether other agents lead.
    stage.api.refuse({ verb: "list", resource: "leases" }, { code: 500, reason: "InternalError" });
    const unknown = await stage.leave();
    expect([unknown.code, unknown.findings[0]]).toMatchObject([
      1,
      { level: "fail", check: "other Leases" },
    ]);
    expect([address(), stage.lease]).toMatchObject([{}, {}]);
    stage.api.remove(DEPLOYMENTS, name);
    expect((await stage.leave("--after", "warren-system/warren-agent")).code).toBe(0);
    expect(address()).toBe(undefined);
  });

  test("is named where it may not be taken back, and the rest is gone", async () => {
    const agent = await served();
    agent.signal("SIGTERM");
    await agent.ended();
    const allow = stage.api.forbid("patch", statusOf(INGRESSES));
    const tried = await stage.leave();
    expect(tried.code).toBe(1);
    expect(tried.findings.filter(({ level }) => level === "fail")).toMatchObject([
      {
        check: "status of ingresses.networking.k8s.io",
        said: expect.stringMatching(/^0 of 2 taken back; left: default\/my-app: .*403/) as string,
      },
    ]);
    expect([parents("one"), parents("two")]).toEqual([undefined, [theirs]]);
    allow();
    expect((await stage.leave()).code).toBe(0);
    expect(address()).toBe(undefined);
  });

  test("is left by who may not hold the Lease, unless it is told to go on", async () => {
    const agent = await served();
    agent.signal("SIGTERM");
    await agent.ended();
    stage.api.forbid("update", LEASES);
    const refused = await stage.leave();
    expect(refused.code).toBe(1);
    expect(refused.findings[0]).toMatchObject({
      level: "fail",
      said: expect.stringMatching(/^cannot be held: .*403/) as string,
    });
    expect(address()).toBeDefined();
    expect((await stage.leave("--force")).code).toBe(0);
    expect([address(), stage.lease]).toEqual([undefined, undefined]);
  });

  test("is gone from the cluster also where no gateway answers", async () => {
    const agent = await served();
    agent.signal("SIGTERM");
    await agent.ended();
    stage.gateway.cli.signal("SIGKILL");
    await stage.gateway.cli.ended();
    const { code, findings } = await stage.leave("--wait", "20s");
    expect([code, findings[0]]).toMatchObject([
      0,
      { level: "note", todo: expect.stringContaining("five minutes") as string },
    ]);
    expect([address(), stage.lease]).toEqual([undefined, undefined]);
  });
});
