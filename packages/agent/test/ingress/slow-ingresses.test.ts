// Ingresses that cost much: whoever may write one must not keep an agent busy with it.
import { describe, expect, test, vi } from "vitest";
import { controlled } from "./_controller-kit.ts";
import { backend, ingress, path, service } from "./_kit.ts";

/** Everything happens in this turn. */
const settled = () => Promise.resolve();

/** All that was to be done in this turn is done. */
const endOfTurn = async () => {
  for (let n = 0; n < 100; n++) await Promise.resolve();
};

const named = (name: string, annotations: Record<string, string> = {}) =>
  ingress(
    { rules: [{ host: `${name}.test`, http: { paths: [path()] } }] },
    { name, uid: `uid-${name}`, annotations },
  );
const annotated = (name: string, count: number) =>
  named(
    name,
    Object.fromEntries(Array.from({ length: count }, (_one, n) => [`nginx.org/a${n}`, ""])),
  );

describe("an Ingress of very many annotations", () => {
  test("is refused, however little of it is read", async () => {
    const { ingresses, controller, sync, table } = controlled();
    ingresses.put(annotated("a", 257));
    ingresses.put(annotated("b", 256));
    await sync();
    expect(table()).toEqual(["default/b b.test Prefix / -> 10.0.0.1:80"]);
    const { problems } = controller.outcome("default/a")!;
    expect(problems).toMatchObject([{ reason: "TooManyAnnotations" }]);
  });

  test("is not read again when the Service behind it changes", async () => {
    const { ingresses, services, sync, table } = controlled();
    const one = annotated("a", 200);
    let looks = 0;
    const ownKeys = (all: object) => [++looks, Reflect.ownKeys(all)][1] as string[];
    const annotations = new Proxy<Record<string, string>>(
      { ...one.metadata.annotations },
      { ownKeys },
    );
    ingresses.put({ ...one, metadata: { ...one.metadata, annotations } });
    await sync();
    const before = looks;
    expect(before).toBeGreaterThan(0);
    services.put(service("web", { clusterIP: "10.0.0.2" }));
    await settled();
    expect(table()).toEqual(["default/a a.test Prefix / -> 10.0.0.2:80"]);
    expect(looks).toBe(before);
  });
});

test("Ingresses that take long to translate leave traffic its turn", async () => {
  const { ingresses, changes, clock, sync, table } = controlled();
  await sync();
  let now = 0;
  vi.spyOn(clock, "now").mockImplementation(() => (now += 3));
  for (let n = 0; n < 10; n++) ingresses.put(named(`i${n}`));
  await endOfTurn();
  expect(table().length).toBeGreaterThan(0);
  expect(table().length).toBeLessThan(10);
  await expect.poll(() => table().length, { interval: 1 }).toBe(10);
  expect(changes.length).toBeGreaterThan(1);
});

test("an Ingress of another namespace does not wait until very many of one are translated", async () => {
  const { ingresses, services, clock, sync, table } = controlled();
  const rules = [{ host: "shop.test", http: { paths: [path()] } }];
  services.put(service("web", {}, "shop"));
  for (let n = 0; n < 10; n++) ingresses.put(named(`i${n}`));
  await sync();
  let now = 0;
  // Each is a turn.
  vi.spyOn(clock, "now").mockImplementation(() => (now += 6));
  services.put(service("web", { clusterIP: "10.0.0.2" }));
  ingresses.put(ingress({ rules }, { namespace: "shop" }));
  const moved = () => table().filter((line) => line.endsWith("10.0.0.2:80")).length;
  while (table().length < 11) await new Promise((resolve) => setImmediate(resolve));
  expect(moved()).toBeLessThan(4);
  await expect.poll(moved, { interval: 1 }).toBe(10);
});

test("an Ingress of many paths to one Service asks for its pods once", async () => {
  const { ingresses, services, feed, sync, table } = controlled();
  await sync();
  const asked = vi.spyOn(feed, "endpoints");
  services.put(service("web", { clusterIP: "10.0.0.1", sessionAffinity: "ClientIP" }));
  const all = Array.from({ length: 50 }, (_one, n) => path(`/${n}`));
  ingresses.put(ingress({ rules: [{ host: "a.test", http: { paths: all } }] }));
  await endOfTurn();
  expect(table()).toHaveLength(50);
  expect(asked).toHaveBeenCalledTimes(1);
});

describe("of an Ingress of very many rules", () => {
  const hosts = Array.from({ length: 1_500 }, (_one, n) => `h${n}.test`);

  test("without paths a thousand are looked at", async () => {
    const { ingresses, controller, hosts: owners, sync } = controlled();
    ingresses.put(ingress({ rules: hosts.map((host) => ({ host })) }));
    await sync();
    const { problems } = controller.outcome("default/shop")!;
    expect(problems.filter(({ reason }) => reason === "NoPaths").at(-1)!.message).toBe(
      "and 995 more like these",
    );
    expect(problems.at(-1)!.reason).toBe("TooManyPaths");
    expect([owners.holder("h999.test")?.object, owners.holder("h1000.test")]).toEqual([
      "default/shop Ingress",
      undefined,
    ]);
  });

  test("each without paths takes the room of one", async () => {
    const { ingresses, controller, sync, table } = controlled();
    const empty = hosts.slice(0, 600).map((host) => ({ host }));
    const full = hosts.slice(600).map((host) => ({ host, http: { paths: [path()] } }));
    ingresses.put(ingress({ rules: [...empty, ...full.slice(0, 400)] }));
    await sync();
    expect(table()).toHaveLength(400);
    const reasons = () => controller.outcome("default/shop")!.problems.map((one) => one.reason);
    expect(reasons()).not.toContain("TooManyPaths");
    ingresses.put(ingress({ rules: [...empty, ...full.slice(0, 401)] }));
    await settled();
    expect(table()).toHaveLength(400);
    expect(reasons()).toContain("TooManyPaths");
    ingresses.put(ingress({ rules: empty, defaultBackend: backend() }));
    await settled();
    expect(table()).toHaveLength(600);
    expect(reasons()).not.toContain("TooManyPaths");
  });

  test("that say the same place again and again no more than a thousand are read", async () => {
    const { ingresses, controller, sync, table } = controlled();
    const again = { host: "a.test", http: { paths: Array(600).fill(path("/same")) } };
    const last = { host: "b.test", http: { paths: [path()] } };
    ingresses.put(ingress({ rules: [again, last] }));
    await sync();
    expect(table()).toHaveLength(2);
    ingresses.put(ingress({ rules: [again, again, last] }));
    await settled();
    expect(table()).toHaveLength(1);
    expect(controller.outcome("default/shop")!.problems).toMatchObject([
      { reason: "TooManyPaths" },
    ]);
  });
});

test("very many Ingresses with mistakes are each counted, and few of a namespace are in the log", async () => {
  const { ingresses, clock, sync, metrics, log } = controlled();
  const rules = [{ host: "a.test", http: { paths: [path("/", "Prefix", backend("gone"))] } }];
  for (let n = 0; n < 60; n++)
    ingresses.put(ingress({ rules }, { name: `web-${n}`, uid: `uid-${n}`, namespace: "evil" }));
  ingresses.put(ingress({ rules: [{ ...rules[0], host: "b.test" }] }, { namespace: "shop" }));
  await sync();
  clock.advance(60_000);
  const said = (reason: string) =>
    log.lines.filter(({ fields }) => fields["reason"] === reason).map(({ fields }) => fields);
  expect(said("NoSuchService")).toHaveLength(51);
  expect(said("NoSuchService").map(({ ingress }) => ingress)).toContain("shop/shop");
  expect(log.lines.at(-1)!.fields).toEqual({ namespace: "evil", lines_left_out: 10 });
  expect(await metrics.text()).toMatch(
    /^agent_kube_ingress_problems_total{reason="NoSuchService"} 61$/m,
  );
});
