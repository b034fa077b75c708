import { describe, expect, test } from "vitest";
import type { Ingress } from "./objects.ts";
import { tlsProblems } from "./tls-problems.ts";
import { usesOf, type NamedUse } from "./tls-uses.ts";

const many = Array.from({ length: 1_000 }, (_one, n) => `h${n}.test`);

function usesFor(tls: { hosts?: string[]; secretName: string }[], rules: string[]): NamedUse[] {
  const metadata = { namespace: "shop", name: "web" };
  const spec = { tls, rules: rules.map((host) => ({ host })) };
  return usesOf({ metadata, spec } as Ingress, () => true).map((use) => ({
    ...use,
    object: "shop/web Ingress",
    age: 0,
  }));
}

/** Where nothing is published at any host. */
const told = (uses: readonly NamedUse[]) =>
  tlsProblems(uses, {
    spokenOf: () => [],
    pairOf: () => ({ reason: "CertificateMissing", message: "" }),
  }).map(({ message }) => message);

describe("of spec.tls", () => {
  test("a thousand hosts are looked at, whichever Secrets they are of", () => {
    const fitting = [{ secretName: "one", hosts: many.slice(0, 600) }, { secretName: "two" }];
    expect(told(usesFor(fitting, many.slice(0, 400)))).toHaveLength(200);
    const tls = [...fitting, { secretName: "three" }];
    const uses = usesFor(tls, many.slice(0, 401));
    expect(uses.map(({ secret, hosts }) => [secret, hosts.size])).toEqual([
      ["shop/one", 600],
      ["shop/two", 400],
    ]);
    expect(told(uses)[0]).toMatch(/more than 1000 hosts: .* split the Ingress/);
  });

  test("a wildcard that stands for a host of the rules is none too many", () => {
    const hosts = ["*.a.test", "*.b.test", "*.test"];
    const uses = usesFor([{ secretName: "one", hosts }], ["X.a.test", "test"]);
    expect(told(uses)).toEqual([expect.stringContaining("*.b.test of spec.tls is no host")]);
  });
});
