import { testAuthority } from "@warren/host/testing";
import * as v from "valibot";
import { expect, test } from "vitest";
import { CertificateCopies } from "../src/certificates/certificate-copies.ts";
import { memoryRecords } from "../src/records/memory-records.ts";

const PAIR = v.object({ cert: v.string(), key: v.string() });
const later = () => Date.now() + 60_000;

test.each([
  { name: "what a store has lost is put back where nobody takes anything away", lasting: later },
  { name: "elsewhere what is gone is out of use", lasting: undefined },
])("$name", async ({ lasting }) => {
  const kind = { name: "pairs", schema: PAIR, listed: true, secret: false };
  const records = memoryRecords({ wallClock: Date.now }).records(kind);
  const problems: string[] = [];
  const copies = new CertificateCopies({
    records,
    hostsOf: async (host) => [host],
    wallClock: Date.now,
    onProblem: (id) => void problems.push(id),
    lasting,
    onChange: () => {},
  });
  const pair = testAuthority().issue({ hosts: ["a.test"] });
  await records.put("a.test", pair, { fence: 3, untilMs: later() });
  await copies.refresh();
  const { digest } = copies.choose("a.test")!;
  await records.remove("a.test");
  // As by a handshake, an order, or another gateway's word.
  await copies.load("a.test");
  expect(copies.choose("a.test")?.digest).toBe(lasting && digest);
  await copies.refresh();
  expect(copies.choose("a.test")?.digest).toBe(lasting && digest);
  expect((await records.read("a.test"))?.fence).toBe(lasting && 0);
  expect(problems).toEqual([]);
});
