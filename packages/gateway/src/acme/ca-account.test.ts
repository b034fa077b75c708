import { promMetrics, systemClock } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { expect, test } from "vitest";
import { memoryRecords } from "../records/memory-records.ts";
import { AcmeEvents } from "./acme-events.ts";
import { acmeKinds } from "./acme-records.ts";
import { CaAccount } from "./ca-account.ts";
import { CaClient } from "./ca-client.ts";

const HOW = { fence: undefined, untilMs: Number.MAX_SAFE_INTEGER };
const urlOf = (number: number) => `https://ca.invalid/account/${number}`;

async function opened() {
  const store = memoryRecords({ wallClock: Date.now });
  const { leases } = store;
  const account = store.records(acmeKinds("ca").account);
  const key = await CaClient.newKey();
  const registered = (number: number) => account.put("account", { key, url: urlOf(number) }, HOW);
  await registered(1);
  const known = async () => (await account.read("account"))?.value.url;
  const options = {
    config: {
      directory: "https://ca.invalid/directory",
      caFile: undefined,
      email: undefined,
      ownHosts: [],
      challenges: ["http-01" as const],
      wildcardNames: 2,
      newNamesPerWeek: 2,
      ordersPerHour: 50,
      atOnce: 5,
    },
    events: new AcmeEvents(silentLog(), promMetrics()),
    clock: systemClock,
    wallClock: Date.now,
    signal: new AbortController().signal,
  };
  return { ca: new CaAccount({ ...options, account, leases }), known, leases, registered };
}

test("an account that the CA does not know is forgotten once, however many orders hear so", async () => {
  const { ca, known, registered } = await opened();
  const first = await ca.open();
  await Promise.all([ca.forget(first), ca.forget(first)]);
  expect(await known()).toBeUndefined();
  await registered(2);
  const second = await ca.open();
  await ca.forget(first);
  expect(await known()).toBe(urlOf(2));
  expect(await ca.open()).toBe(second);
});

test("what another gateway has registered meanwhile is not forgotten", async () => {
  const { ca, known, leases, registered } = await opened();
  const first = await ca.open();
  await registered(2);
  await ca.forget(first);
  expect(await known()).toBe(urlOf(2));
  expect((await ca.open()).accountUrl).toBe(urlOf(2));
  const lease = await leases.take("acme account");
  await ca.forget(await ca.open());
  expect(await known()).toBe(urlOf(2));
  await lease!.release();
});
