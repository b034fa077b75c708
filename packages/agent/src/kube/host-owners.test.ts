import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONFIGURATION, HostOwners, type HostClaim, type HostsMoved } from "./host-owners.ts";

const HOST = "shop.example.com";
const SHOP = new Set(["shop"]);
const EVIL = new Set(["evil"]);

/** Claims of `namespaces`, in words, on hosts. */
function claims(namespaces: string, hosts: readonly string[], shared = ""): Map<string, HostClaim> {
  const claim = { namespaces: words(namespaces), shared: words(shared) };
  return new Map(hosts.map((host) => [host, claim]));
}

const words = (text: string) => new Set(text.split(" ").filter((word) => word !== ""));

describe("a host", () => {
  test("is the namespace's whose oldest object names it", () => {
    const owners = new HostOwners();
    owners.set("evil/new Ingress", 2, claims("evil", [HOST]));
    expect(owners.otherThan(EVIL, HOST)).toBeUndefined();
    owners.set("shop/web Ingress", 1, claims("shop", [HOST]));
    expect(owners.otherThan(EVIL, HOST)?.object).toBe("shop/web Ingress");
    expect(owners.otherThan(SHOP, HOST)).toBeUndefined();
    owners.set("shop/web Ingress", 1, new Map());
    expect(owners.otherThan(EVIL, HOST)).toBeUndefined();
  });

  test("of two objects as old as each other is the first's by name", () => {
    const owners = new HostOwners();
    owners.set("b/web Ingress", 1, claims("b", [HOST]));
    owners.set("a/web Ingress", 1, claims("a", [HOST]));
    expect(owners.otherThan(new Set(["b"]), HOST)?.object).toBe("a/web Ingress");
  });

  test("is shared with whom its owner lets in, and with nobody by a guest", () => {
    const owners = new HostOwners();
    owners.set("shop/web Ingress", 1, claims("shop", [HOST], "blog"));
    owners.set("blog/web Ingress", 2, claims("blog", [HOST], "*"));
    expect(owners.otherThan(new Set(["blog"]), HOST)).toBeUndefined();
    expect(owners.otherThan(EVIL, HOST)?.object).toBe("shop/web Ingress");
    owners.set("shop/web Ingress", 1, claims("shop", [HOST], "*"));
    expect(owners.otherThan(EVIL, HOST)).toBeUndefined();
  });

  test("of a route is its namespace's and its Gateway's, so that others of that Gateway share it", () => {
    const owners = new HostOwners();
    owners.set("shop/web HTTPRoute", 1, claims("shop infra", [HOST]));
    expect(owners.otherThan(SHOP, HOST)).toBeUndefined();
    expect(owners.otherThan(new Set(["blog", "infra"]), HOST)).toBeUndefined();
    expect(owners.otherThan(new Set(["blog"]), HOST)).toBeDefined();
  });

  test("is not a wildcard's above it", () => {
    const owners = new HostOwners();
    owners.set("infra/all Ingress", 1, claims("infra", ["*.example.com"]));
    expect(owners.otherThan(SHOP, HOST)).toBeUndefined();
    expect(owners.otherThan(SHOP, "*.example.com")).toBeDefined();
  });

  test("has a certificate of those alone who claim it and have it", () => {
    const owners = new HostOwners();
    expect(owners.mayServe(SHOP, HOST)).toBe(false);
    owners.set("shop/web Ingress", 1, claims("shop", [HOST]));
    owners.set("evil/web Ingress", 2, claims("evil", [HOST]));
    expect([owners.mayServe(SHOP, HOST), owners.mayServe(EVIL, HOST)]).toEqual([true, false]);
    expect(owners.mayServe(new Set(["blog"]), HOST)).toBe(false);
  });
});

test("a wildcard is of those namespaces alone that may have one, however young they are", () => {
  const owners = new HostOwners(new Set(["shop"]));
  const wild = ["*.example.com", "**.example.com"];
  owners.set("evil/web Ingress", 1, claims("evil", [...wild, HOST]));
  owners.set("shop/web HTTPRoute", 2, claims("shop infra", wild));
  for (const host of wild) {
    expect(owners.holder(host)?.object).toBe("shop/web HTTPRoute");
    expect(owners.mayServe(EVIL, host)).toBe(false);
    expect(owners.refuses("evil/web Ingress", host)).toBe(true);
    expect(owners.refuses("shop/other Ingress", host)).toBe(false);
    expect(owners.refuses(CONFIGURATION, host)).toBe(false);
    expect(new HostOwners().refuses("evil/web Ingress", host)).toBe(false);
  }
  expect(owners.holder(HOST)?.object).toBe("evil/web Ingress");
  expect(owners.refuses("evil/web Ingress", HOST)).toBe(false);
});

test("those who claim a host hear that it is another's now, and nobody else does", () => {
  const owners = new HostOwners();
  const heard: string[][] = [];
  owners.onChange(({ hosts, objects }: HostsMoved) => heard.push([...hosts, ...objects]));
  owners.set("shop/web Ingress", 2, claims("shop", [HOST, "other.example.com"]));
  owners.set("shop/web Ingress", 2, claims("shop", [HOST, "other.example.com"]));
  owners.set("new/web Ingress", 3, claims("new", [HOST]));
  owners.set("old/web Ingress", 1, claims("old", [HOST]));
  owners.set("shop/web Ingress", 2, new Map());
  owners.set("old/web Ingress", 1, new Map());
  expect(heard).toEqual([
    [HOST, "other.example.com"],
    [HOST, "shop/web Ingress", "new/web Ingress"],
    ["other.example.com"],
    [HOST, "new/web Ingress"],
  ]);
});

test("the holder is the same in whatever order objects came, changed and went", () => {
  const object = fc.record({
    name: fc.constantFrom("a", "b", "c", "d"),
    age: fc.integer({ min: 0, max: 2 }),
    hosts: fc.uniqueArray(fc.constantFrom("x", "y", "*.z")),
  });
  fc.assert(
    fc.property(fc.array(object, { maxLength: 20 }), (steps) => {
      const lived = new HostOwners();
      const last = new Map<string, (typeof steps)[number]>();
      for (const step of steps) {
        lived.set(step.name, step.age, claims(step.name, step.hosts));
        last.set(step.name, step);
      }
      const anew = new HostOwners();
      for (const { name, age, hosts } of last.values()) anew.set(name, age, claims(name, hosts));
      const nobody = new Set<string>();
      for (const host of ["x", "y", "*.z"])
        expect(lived.otherThan(nobody, host)?.object).toBe(anew.otherThan(nobody, host)?.object);
    }),
  );
});
