import { promMetrics, systemClock } from "@warren/host";
import { silentLog, testAuthority } from "@warren/host/testing";
import { expect, test } from "vitest";
import { memoryRecords } from "../records/memory-records.ts";
import type { RecordKind, Records, RecordStore } from "../records/records.ts";
import { AcmeEvents } from "./acme-events.ts";
import type { Issued } from "./acme-records.ts";
import { Acme } from "./acme.ts";

const authority = testAuthority();
const DAY_MS = 86_400_000;

/** A store that holds these certificates, all of them past their renewal. */
function storeWith(issued: Record<string, string>): RecordStore {
  const { leases } = memoryRecords({ wallClock: Date.now });
  const records = <T>(kind: RecordKind<T>): Records<T> => {
    const all = memoryRecords({ wallClock: Date.now }).records(kind);
    if (kind.name.endsWith("-certificates"))
      for (const [host, claim] of Object.entries(issued)) {
        const { cert, key } = authority.issue({ hosts: [host] });
        const now = Date.now();
        const times = { issuedAt: now, renewAt: now - 1, askAt: now + DAY_MS };
        const value: Issued = { cert, key, claim, expiresAt: now + DAY_MS, ...times };
        void all.put(host, value as T, { fence: undefined, untilMs: now + DAY_MS });
      }
    return all;
  };
  return { leases, records, [Symbol.asyncDispose]: async () => {} };
}

test("a name under a wildcard is renewed only once somebody has asked for it again", async () => {
  const wished: string[] = [];
  const claimOf = (host: string) => void wished.push(host);
  await using acme = await Acme.open({
    config: {
      directory: "https://ca.invalid/directory",
      caFile: undefined,
      email: undefined,
      ownHosts: [],
      challenges: ["http-01"],
      wildcardNames: 2,
      newNamesPerWeek: 25,
      ordersPerHour: 50,
      atOnce: 5,
    },
    store: storeWith({
      "own.test": "own.test",
      "made-up.wild.test": "*.wild.test",
      "used.wild.test": "*.wild.test",
    }),
    claimOf,
    isCovered: () => false,
    events: new AcmeEvents(silentLog(), promMetrics()),
    clock: systemClock,
    wallClock: Date.now,
    random: () => 0.5,
  });
  await acme.sweep();
  expect(wished).toEqual(["own.test"]);
  expect(acme.choose("used.wild.test")).toBeDefined();
  await acme.sweep();
  expect(wished.slice(1).toSorted()).toEqual(["own.test", "used.wild.test"]);
  await acme.sweep();
  expect(wished.slice(3)).toEqual(["own.test"]);
});
