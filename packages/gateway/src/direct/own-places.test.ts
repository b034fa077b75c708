import { networkInterfaces } from "node:os";
import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { ownPlaces } from "./own-places.ts";

test("a gateway knows its machine's addresses, where agents dial it, and its domain", () => {
  const clock = virtualClock();
  const machine = ["9.9.9.8", "2a00:1450:4001:0:0::8"];
  const urls = ["wss://gw.example.com/x", "ws://[2a00::1]:8443", "", "no url"];
  const isOwn = ownPlaces({ urls, domain: "clusters.example.com" }, clock, () => machine);
  for (const place of [
    "9.9.9.8",
    "2a00:1450:4001::8",
    "2a00::1",
    "gw.example.com",
    "clusters.example.com",
    "a.clusters.example.com",
  ])
    expect([place, isOwn(place)]).toEqual([place, true]);
  for (const place of ["9.9.9.9", "2a00:1450:4001::9", "example.com", "xclusters.example.com"])
    expect([place, isOwn(place)]).toEqual([place, false]);
  machine.push("9.9.9.9");
  clock.advance(60_000);
  expect(isOwn("9.9.9.9")).toBe(true);
});

test("the addresses are those of the interfaces", () => {
  const isOwn = ownPlaces({ urls: [], domain: undefined }, virtualClock());
  for (const { address } of Object.values(networkInterfaces()).flatMap((all) => all ?? []))
    expect(isOwn(address)).toBe(true);
});
