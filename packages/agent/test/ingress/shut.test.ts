// What is not published, behind a controller that another Ingress of the host leads to.
import { describe, expect, test } from "vitest";
import type { Ingress } from "../../src/kube/objects.ts";
import { controlled } from "./_controller-kit.ts";
import { ingress, NGINX, path } from "./_kit.ts";

const settled = () => Promise.resolve();
const OPEN = "default/all shop.test Prefix /";
const SHUT = "default/Shut:admin shop.test Prefix /admin";

interface Wanted {
  at?: string;
  className?: string;
  host?: string;
  annotations?: Record<string, string>;
  age?: string;
}

function named(name: string, wanted: Wanted = {}): Ingress {
  const { at = "/", className = "nginx", host = "shop.test", annotations = {} } = wanted;
  const { age = "2024-01-01T00:00:00Z" } = wanted;
  const rules = [{ host, http: { paths: [path(at)] } }];
  const metadata = { name, annotations, creationTimestamp: age };
  return ingress({ ingressClassName: className, rules }, metadata);
}

/** The table, and whom each route keeps out. */
async function meet(...all: Ingress[]) {
  const kit = controlled();
  kit.found("nginx", NGINX);
  for (const one of all) kit.ingresses.put(one);
  await kit.sync();
  const table = () =>
    [...kit.published.routes()]
      .map((route) => {
        const { namespace, ingress_name: name, host, path_type: type, path: at, policy } = route;
        const key = `${namespace}/${name} ${host} ${type} ${at}`;
        return policy.deny === undefined ? key : `${key} shut`;
      })
      .toSorted();
  return { ...kit, table };
}

const LEFT_OUT = { "warren.dev/publish": "false" };

test("a host is shut that a wildcard of the same controller leads to", async () => {
  const { table, ingresses } = await meet(
    named("all", { host: "*.shop.test" }),
    named("admin", { host: "admin.shop.test", annotations: LEFT_OUT }),
  );
  const wild = "default/all *.shop.test Prefix /";
  expect(table()).toEqual([wild, "default/Shut:admin admin.shop.test Prefix / shut"].toSorted());
  ingresses.remove("default/all");
  await settled();
  expect(table()).toEqual([]);
  ingresses.put(named("all", { host: "*.test" }));
  await settled();
  expect(table()).toEqual(["default/all *.test Prefix /"]);
});

describe("behind a controller in common a path is shut", () => {
  test.each([
    { name: "that is left out", annotations: LEFT_OUT },
    { name: "whose list cannot be read", annotations: { "warren.dev/allow": "10.0.0.0/99" } },
    { name: "whose annotation is misspelt", annotations: { "warren.dev/alow": "10.0.0.0/8" } },
    {
      name: "whose controller may judge by address",
      annotations: { "nginx.ingress.kubernetes.io/server-snippet": "deny all;" },
    },
  ])("$name", async ({ annotations }) => {
    const { table, controller } = await meet(
      named("all"),
      named("admin", { at: "/admin", annotations }),
    );
    expect(table()).toEqual([`${SHUT} shut`, OPEN]);
    expect(controller.outcome("default/admin")?.routes ?? []).toEqual([]);
  });

  test("as soon as another Ingress opens the host, and as long", async () => {
    const admin = named("admin", { at: "/admin", annotations: LEFT_OUT });
    const { table, ingresses, controller } = await meet(admin);
    expect(table()).toEqual([]);
    ingresses.put(named("all"));
    await settled();
    expect(table()).toEqual([`${SHUT} shut`, OPEN]);
    expect(controller.counts()).toMatchObject({ routes: 1, shut: 1 });
    ingresses.put(named("admin", { at: "/admin" }));
    await settled();
    expect(table()).toEqual(["default/admin shop.test Prefix /admin", OPEN]);
    ingresses.put(admin);
    await settled();
    expect(table()).toEqual([`${SHUT} shut`, OPEN]);
    ingresses.remove("default/all");
    await settled();
    expect(table()).toEqual([]);
  });
});

test("who publishes the very place is served there, however old what is left out is", async () => {
  const { table } = await meet(
    named("main", { age: "2024-02-01T00:00:00Z" }),
    named("admin", { annotations: LEFT_OUT }),
  );
  expect(table()).toEqual(["default/main shop.test Prefix /"]);
});

test.each([
  { name: "another host", admin: { host: "other.test", at: "/admin", annotations: LEFT_OUT } },
  {
    name: "a Service, which has no other paths",
    admin: { className: "warren", at: "/admin", annotations: LEFT_OUT },
  },
])("nothing is shut for $name", async ({ admin }) => {
  const { table } = await meet(named("all"), named("admin", admin));
  expect(table()).toEqual([OPEN]);
});
