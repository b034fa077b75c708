import { covers } from "@warren/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { tlsHostsOf } from "./tls.ts";

const ingressOf = (...entries: (readonly string[])[]) => ({
  spec: { tls: entries.map((hosts) => ({ hosts: [...hosts] })) },
});

const labels = fc.constantFrom("a", "b", "*", "**");
const hosts = fc.array(labels, { minLength: 1, maxLength: 4 }).map((all) => all.join("."));

test("a host is one with TLS exactly when the entries' patterns cover it", () => {
  fc.assert(
    fc.property(fc.array(hosts, { maxLength: 3 }), hosts, (patterns, host) => {
      const isTls = tlsHostsOf(ingressOf(patterns.map((one) => one.toUpperCase())));
      expect(isTls(host)).toBe(covers(patterns, host));
    }),
    { numRuns: 2_000 },
  );
});

test("entries without hosts, and empty ones, are for none", () => {
  const isTls = tlsHostsOf({ spec: { tls: [{}, { hosts: [""] }] } });
  expect(["", "a.test"].map(isTls)).toEqual([false, false]);
});

test("the entries are read once, however many hosts are asked for", () => {
  let reads = 0;
  const entry = {
    get hosts() {
      reads++;
      return ["a.test"];
    },
  };
  const isTls = tlsHostsOf({ spec: { tls: [entry] } });
  for (let n = 0; n < 1_000; n++) isTls(`h${n}.test`);
  expect(reads).toBe(1);
});
