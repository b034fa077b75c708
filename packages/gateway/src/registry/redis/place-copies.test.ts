import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { PlaceCopies } from "./place-copies.ts";
import type { PlaceRecord } from "./place-record.ts";

function record(version: number): PlaceRecord {
  const claim = { host: "a.org", group: "g", clusterUuid: "c", tokenId: "t", since: 0 };
  return { place: "a.org", version, claim, entries: [], unused: undefined, leftMs: Infinity };
}

test("an older version never replaces a newer one, unless Redis lost what it had", () => {
  const settings = { mostRoutes: 10, freshMs: 1_000, unknownMs: 1_000 };
  const copies = new PlaceCopies({ clock: virtualClock(), ...settings });
  copies.keep(record(10));
  copies.keep(record(9));
  expect(copies.get("a.org")?.version).toBe(10);
  copies.lost();
  expect(copies.get("a.org")?.version).toBe(10);
  copies.keep(record(3));
  expect(copies.get("a.org")?.version).toBe(3);
});
