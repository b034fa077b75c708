import { testDns } from "@warren/host/testing";
import { expect, test } from "vitest";
import { dnsNames } from "./names.ts";

test("a name's addresses are those that DNS says, of both families", async () => {
  await using dns = await testDns();
  dns.zone.A = { "both.test": ["198.51.100.7"], "old.test": ["198.51.100.8"] };
  dns.zone.AAAA = { "both.test": ["2001:db8::7"], "new.test": ["2001:db8::8"] };
  dns.zone.CNAME = { "alias.test": "old.test" };
  const resolve = dnsNames([dns.address]);
  expect(await resolve("both.test")).toEqual(["198.51.100.7", "2001:db8::7"]);
  expect(await resolve("old.test")).toEqual(["198.51.100.8"]);
  expect(await resolve("new.test")).toEqual(["2001:db8::8"]);
  expect(await resolve("alias.test")).toEqual(["198.51.100.8"]);
});

test("a name without addresses, one that is not there, and one that nobody answers for have none", async () => {
  await using dns = await testDns();
  dns.zone.TXT = { "empty.test": ["text"] };
  const resolve = dnsNames([dns.address]);
  await expect(resolve("empty.test")).rejects.toThrow("the name has no address");
  await expect(resolve("gone.test")).rejects.toThrow("the name has no address");
  dns.mood = "failing";
  await expect(resolve("empty.test")).rejects.toThrow("the name has no address");
});
