import { expect, describe, test } from "vitest";
import type { Ingress, IngressPath } from "../../src/kube/objects.ts";
import { controlled } from "./_controller-kit.ts";
import { backend, classOf, ingress, meta, NGINX, path, service } from "./_kit.ts";
import { WARREN_CONTROLLER } from "../../src/kube/ingress/select.ts";

/** The controller has published what it heard of: everything happens in this turn. */
const settled = () => Promise.resolve();

const named = (name: string, host: string, more: Partial<Ingress["metadata"]> = {}) =>
  ingress({ rules: [{ host, http: { paths: [path()] } }] }, { name, uid: `uid-${name}`, ...more });
const many = (name: string, count: number) => {
  const all = Array.from({ length: count }, (_one, n) => path(`/${n}`));
  const rule = { host: `${name}.test`, http: { paths: all } };
  return ingress({ rules: [rule] }, { name, uid: `uid-${name}` });
};
const paths = (...all: string[]) =>
  ingress({ rules: [{ host: "a.test", http: { paths: all.map((one) => path(one)) } }] });
const slice = (name: string, ...addresses: string[]) => ({
  metadata: meta(`${name}-1`, { labels: { "kubernetes.io/service-name": name } }),
  addressType: "IPv4" as const,
  endpoints: addresses.map((one) => ({ addresses: [one] })),
  ports: [{ port: 8_080 }],
});
const WEB = "10.0.0.1:80";

describe("an Ingress controller", () => {
  test("publishes nothing before every cache has been filled, and then everything at once", async () => {
    const {
      ingresses,
      services,
      endpointSlices,
      ingressClasses,
      controller,
      changes,
      table,
      sync,
    } = controlled();
    ingresses.put(named("a", "a.test"));
    for (const cache of [ingresses, services, endpointSlices]) cache.sync();
    ingresses.put(named("b", "b.test"));
    await settled();
    expect(changes).toEqual([]);
    ingressClasses.sync();
    await sync();
    await controller.ready;
    expect(changes.map(({ added }) => added.length)).toEqual([2]);
    expect(table()).toHaveLength(2);
  });

  test("is ready also when there is nothing to publish", async () => {
    const { controller, sync, table } = controlled();
    await sync();
    await controller.ready;
    expect(table()).toEqual([]);
  });

  test("publishes a change in the turn in which it hears of it, and that change alone", async () => {
    const { ingresses, changes, sync, published } = controlled();
    ingresses.put(named("a", "a.test"));
    await sync();
    ingresses.put(named("b", "b.test"));
    await settled();
    expect(changes.at(-1)).toMatchObject({ added: [{ host: "b.test" }], updated: [], deleted: [] });
    ingresses.put(named("b", "c.test"));
    await settled();
    expect(changes.at(-1)).toMatchObject({
      added: [{ host: "c.test" }],
      updated: [],
      deleted: [{ host: "b.test" }],
    });
    ingresses.remove("default/b");
    await settled();
    expect(changes.at(-1)).toMatchObject({ added: [], deleted: [{ host: "c.test" }] });
    expect([...published.routes()].map(({ host }) => host)).toEqual(["a.test"]);
  });

  test("makes one change of all that it hears in a turn", async () => {
    const { ingresses, changes, sync } = controlled();
    await sync();
    for (let n = 0; n < 150; n++) ingresses.put(named(`i${n}`, `h${n}.test`));
    await settled();
    expect(changes.map(({ added }) => added.length)).toEqual([150]);
  });

  test("lets traffic have its turns while thousands change, and loses none", async () => {
    const { ingresses, changes, sync, table } = controlled();
    await sync();
    for (let n = 0; n < 1_000; n++) ingresses.put(named(`i${n}`, `h${n}.test`));
    await settled();
    expect(changes.map(({ added }) => added.length)).toEqual([200]);
    await expect.poll(() => table().length, { interval: 1 }).toBe(1_000);
    expect(changes).toHaveLength(5);
  });

  test("publishes nothing more once it is closed, and takes nothing back", async () => {
    const { ingresses, controller, sync, table } = controlled();
    ingresses.put(named("a", "a.test"));
    await sync();
    ingresses.put(named("b", "b.test"));
    controller[Symbol.dispose]();
    await settled();
    ingresses.remove("default/a");
    await settled();
    expect(table()).toHaveLength(1);
  });

  test("takes a path back that an Ingress does not say any more, and leaves those of others", async () => {
    const { ingresses, changes, sync, table } = controlled();
    ingresses.put(paths("/a", "/b"));
    ingresses.put(named("other", "a.test"));
    await sync();
    ingresses.put(paths("/b"));
    await settled();
    expect(changes.at(-1)).toMatchObject({ added: [], updated: [], deleted: [{ path: "/a" }] });
    expect(table()).toEqual([
      `default/other a.test Prefix / -> ${WEB}`,
      `default/shop a.test Prefix /b -> ${WEB}`,
    ]);
  });

  test("takes an Ingress back whose Service was deleted before it", async () => {
    const { ingresses, services, sync, table } = controlled();
    ingresses.put(named("a", "a.test"));
    await sync();
    services.remove("default/web");
    ingresses.remove("default/a");
    await settled();
    expect(table()).toEqual([]);
  });

  test("hears of a Service that appears, moves and goes", async () => {
    const { ingresses, services, sync, table, controller } = controlled();
    services.remove("default/web");
    ingresses.put(named("a", "a.test"));
    await sync();
    expect(controller.outcome("default/a")!.problems).toMatchObject([{ reason: "NoSuchService" }]);
    services.put(service("web", { clusterIP: "10.0.0.7" }));
    await settled();
    expect(table()).toEqual(["default/a a.test Prefix / -> 10.0.0.7:80"]);
    services.put(service("web", { clusterIP: "10.0.0.8" }));
    await settled();
    expect(table()).toEqual(["default/a a.test Prefix / -> 10.0.0.8:80"]);
    services.remove("default/web");
    await settled();
    expect(table()).toEqual([]);
  });

  test("follows the pods of a headless Service, and of no other", async () => {
    const { ingresses, services, endpointSlices, sync, table, metrics } = controlled();
    services.put(service("web", { clusterIP: "None", ports: [{ port: 80 }] }));
    services.put(service("plain"));
    ingresses.put(named("a", "a.test"));
    const toPlain = [path("/", "Prefix", backend("plain"))];
    ingresses.put(
      ingress({ rules: [{ host: "p.test", http: { paths: toPlain } }] }, { name: "p" }),
    );
    endpointSlices.put(slice("web", "10.1.0.1"));
    await sync();
    expect(table()[0]).toBe("default/a a.test Prefix / -> 10.1.0.1:8080");
    endpointSlices.put(slice("web", "10.1.0.2", "10.1.0.3"));
    await settled();
    expect(table()[0]).toBe("default/a a.test Prefix / -> 10.1.0.2:8080,10.1.0.3:8080");
    const before = await metrics.text();
    endpointSlices.put(slice("plain", "10.1.0.9"));
    await settled();
    expect(await metrics.text()).toBe(before);
  });

  test("follows the controller of another class", async () => {
    const { ingresses, ingressClasses, sync, table, found } = controlled();
    const nginxClass = classOf("nginx", "k8s.io/ingress-nginx");
    ingressClasses.put({ ...nginxClass, metadata: { ...nginxClass.metadata, namespace: "" } });
    ingresses.put(ingress({ ingressClassName: "nginx" }));
    await sync();
    expect(table()).toEqual([]);
    found("nginx", NGINX);
    await settled();
    expect(table()).toEqual(["default/shop shop.test Prefix / -> 10.0.9.9:80"]);
    found("nginx", { ...NGINX, host: "10.0.9.10" });
    await settled();
    expect(table()).toEqual(["default/shop shop.test Prefix / -> 10.0.9.10:80"]);
    found("nginx", undefined);
    await settled();
    expect(table()).toEqual([]);
  });

  test("follows IngressClasses, and which of them is the default", async () => {
    const { ingresses, ingressClasses, sync, controller, found } = controlled();
    const classless = ingress();
    delete classless.spec!.ingressClassName;
    ingresses.put(classless);
    found("", NGINX);
    await sync();
    expect(controller.outcome("default/shop")!.owner.isOurs).toBe(false);
    const ours = classOf("ours", WARREN_CONTROLLER, true);
    ingressClasses.put({ ...ours, metadata: { ...ours.metadata, namespace: "" } });
    await settled();
    expect(controller.outcome("default/shop")!.owner).toEqual({ className: "ours", isOurs: true });
  });

  test("tells gateways where a public cluster is reached, as soon as that is known", async () => {
    const { ingresses, sync, changes, found, reaches } = controlled();
    ingresses.put(ingress({ ingressClassName: "nginx" }));
    found("nginx", NGINX);
    await sync();
    const endpoint = { scheme: "https", host: "203.0.113.9", port: 443 } as const;
    reaches({ mode: "both", endpoint });
    await settled();
    expect(changes.at(-1)).toMatchObject({ updated: [{ mode: "both", endpoint }] });
  });

  test("publishes rules without a host at the names that gateways give", async () => {
    const { ingresses, sync, controller, table } = controlled();
    ingresses.put(ingress({ rules: [{ http: { paths: [path()] } }] }));
    await sync();
    controller.setNames(["one.gateway.test"]);
    await settled();
    expect(table()).toEqual([`default/shop one.gateway.test Prefix / -> ${WEB}`]);
    controller.setNames(["two.gateway.test"]);
    await settled();
    expect(table()).toEqual([`default/shop two.gateway.test Prefix / -> ${WEB}`]);
  });
});

const below = (name: string, at: string, type: IngressPath["pathType"], more: object) =>
  ingress(
    { rules: [{ host: "a.test", http: { paths: [path(at, type)] } }] },
    { name, uid: name, ...more },
  );

describe("two Ingresses that want one place", () => {
  const older = { creationTimestamp: "2024-01-01T00:00:00Z" };
  const younger = { creationTimestamp: "2024-02-01T00:00:00Z" };

  test.each([
    { name: "in the order of their age", order: ["old", "young"] },
    { name: "the other way round", order: ["young", "old"] },
  ])("$name: the older has it, and the other takes over when it goes", async ({ order }) => {
    const { ingresses, controller, sync, table } = controlled();
    await sync();
    for (const name of order) {
      ingresses.put(named(name, "a.test", name === "old" ? older : younger));
      await settled();
    }
    expect(table()).toEqual([`default/old a.test Prefix / -> ${WEB}`]);
    expect(controller.outcome("default/old")!.problems).toEqual([]);
    expect(controller.outcome("default/young")!.problems).toMatchObject([{ reason: "Conflict" }]);
    ingresses.remove("default/old");
    await settled();
    expect(table()).toEqual([`default/young a.test Prefix / -> ${WEB}`]);
    expect(controller.outcome("default/young")!.problems).toEqual([]);
  });

  test("with and without a slash at its end", async () => {
    const { ingresses, controller, sync, table } = controlled();
    ingresses.put(below("old", "/a/", "Prefix", older));
    ingresses.put(below("young", "/a", "Prefix", younger));
    ingresses.put(below("exact", "/b", "Exact", older));
    ingresses.put(below("other", "/b/", "Exact", younger));
    await sync();
    expect(table()).toEqual([
      `default/exact a.test Exact /b -> ${WEB}`,
      `default/old a.test Prefix /a/ -> ${WEB}`,
      `default/other a.test Exact /b/ -> ${WEB}`,
    ]);
    expect(controller.outcome("default/young")!.problems).toMatchObject([{ reason: "Conflict" }]);
  });

  test("of one age: the first by name", async () => {
    const { ingresses, sync, table } = controlled();
    for (const name of ["b", "a"]) ingresses.put(named(name, "a.test", older));
    await sync();
    expect(table()).toEqual([`default/a a.test Prefix / -> ${WEB}`]);
  });

  test("which one controller tells apart have lost nothing", async () => {
    const { ingresses, controller, sync, table, found } = controlled();
    found("nginx", NGINX);
    for (const [name, age] of [
      ["main", older],
      ["canary", younger],
    ] as const) {
      const given = named(name, "a.test", age);
      given.spec!.ingressClassName = "nginx";
      ingresses.put(given);
    }
    await sync();
    expect(table()).toHaveLength(1);
    expect(controller.outcome("default/canary")!.problems).toEqual([]);
  });

  test("one of which the configuration has is told, and gets it when that lets go", async () => {
    const { ingresses, controller, sync, published } = controlled();
    ingresses.put(named("a", "a.test"));
    await sync();
    const entry = published.get("default/a a.test Prefix /")!;
    ingresses.remove("default/a");
    await settled();
    published.change("config", [entry], []);
    ingresses.put(named("a", "a.test"));
    await settled();
    expect(published.get(entry.key)!.source).toBe("config");
    expect(controller.outcome("default/a")!.problems).toMatchObject([{ reason: "Conflict" }]);
    published.change("config", [], [entry.key]);
    await settled();
    expect(published.get(entry.key)!.source).toBe("kube:ingress");
    expect(controller.outcome("default/a")!.problems).toEqual([]);
  });
});

test("an Ingress of hundreds of paths, hosts and mistakes is published, and told of in a few words", async () => {
  const { ingresses, controller, sync, table, log } = controlled();
  const all = Array.from({ length: 300 }, (_one, n) => n);
  const missing = all.map((n) => path(`/m${n}`, "Prefix", backend(`gone-${n}`)));
  ingresses.put(
    ingress({
      rules: [
        { host: "a.test", http: { paths: all.map((n) => path(`/${n}`)) } },
        ...all.map((n) => ({ host: `h${n}.test`, http: { paths: [path()] } })),
        { host: "b.test", http: { paths: missing } },
      ],
    }),
  );
  await sync();
  expect(table()).toHaveLength(600);
  const { problems } = controller.outcome("default/shop")!;
  expect(problems).toHaveLength(6);
  expect(problems.at(-1)).toEqual({
    reason: "NoSuchService",
    message: "and 295 more like these",
  });
  expect(log.lines.filter(({ msg }) => msg === "ingress has a problem")).toHaveLength(6);
});

describe("an Ingress of very many paths", () => {
  test("is published as far as an Ingress may go, and says what to do about the rest", async () => {
    const { ingresses, controller, sync, table } = controlled();
    ingresses.put(many("a", 5_000));
    await sync();
    expect(table()).toHaveLength(1_000);
    expect(table()).toContain("default/a a.test Prefix /999 -> 10.0.0.1:80");
    const { problems } = controller.outcome("default/a")!;
    expect(problems).toMatchObject([{ reason: "TooManyPaths" }]);
    expect(problems[0]!.message).toMatch(/more than 1000 paths.*split it/);
  });

  test("has others wait no longer than many small ones would", async () => {
    const { ingresses, changes, sync, table } = controlled();
    await sync();
    for (let n = 0; n < 10; n++) ingresses.put(many(`i${n}`, 100));
    await settled();
    expect(changes.map(({ added }) => added.length)).toEqual([200]);
    await expect.poll(() => table().length, { interval: 1 }).toBe(1_000);
  });

  test("is not read again for a status that somebody wrote, which is told of all the same", async () => {
    const { ingresses, controller, metrics, sync } = controlled();
    const one = many("a", 10);
    const metadata = { ...one.metadata, generation: 1 };
    ingresses.put({ ...one, metadata });
    await sync();
    const heard: string[] = [];
    controller.onOutcomes((keys) => heard.push(...keys));
    ingresses.put({ ...one, metadata: { ...metadata, resourceVersion: "2" } });
    await settled();
    expect(heard).toEqual(["default/a"]);
    expect(await metrics.text()).toMatch(/^agent_kube_ingress_changes_total 0$/m);
    ingresses.put({ ...one, metadata: { ...metadata, annotations: { note: "another" } } });
    await settled();
    expect(await metrics.text()).toMatch(/^agent_kube_ingress_changes_total 1$/m);
  });
});

test("an Ingress that breaks the translation is tried again, and the others are published", async () => {
  const { ingresses, clock, sync, table, log } = controlled();
  await sync();
  // What no API server would store.
  const broken = named("broken", "b.test") as unknown as { spec: { rules: unknown } };
  broken.spec.rules = 5;
  ingresses.put(broken as unknown as Ingress);
  ingresses.put(named("a", "a.test"));
  await settled();
  expect(table()).toEqual([`default/a a.test Prefix / -> ${WEB}`]);
  const failures = () => log.lines.filter((line) => line.msg === "ingress not translated").length;
  expect(failures()).toBe(1);
  broken.spec.rules = [{ host: "b.test", http: { paths: [path()] } }];
  clock.advance(60_000);
  await settled();
  expect(table()).toHaveLength(2);
  expect(failures()).toBe(1);
});
