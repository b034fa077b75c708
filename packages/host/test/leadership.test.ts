import { describe, expect, onTestFinished, test } from "vitest";
import type { Clock } from "../src/index.ts";
import { LEASES, Leadership, type LeadershipTold } from "../src/kube/index.ts";
import { startKubeApi, virtualClock, Waiting, type KubeApi } from "../src/testing/index.ts";

const LEASE = { namespace: "default", name: "warren-agent" };

/** What is waited for between two looks at the Lease. */
const RETRY_MS = 2_000;

/** One who would lead, with a clock of its own. */
function candidate(
  api: KubeApi,
  identity: string,
  wallClock = () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
) {
  const time = virtualClock();
  const waiting = new Waiting();
  let rests = 0;
  const clock: Clock = {
    now: () => time.now(),
    after(ms, task) {
      const forget = time.after(ms, task);
      if (ms === RETRY_MS) rests += 1;
      waiting.look();
      return forget;
    },
  };
  const told: LeadershipTold[] = [];
  const leading: boolean[] = [];
  const said = { word: `${identity} 0` };
  const leadership = new Leadership({
    client: api.client({ clock }),
    lease: LEASE,
    identity,
    clock,
    wallClock,
    random: () => 0,
    annotations: () => ({ "test/said": said.word }),
    told: (event) => {
      told.push(event);
      waiting.look();
    },
  });
  leadership.onChange((is) => {
    leading.push(is);
    waiting.look();
  });
  onTestFinished(() => leadership.release());
  const heard = (kind: LeadershipTold["kind"], times = 1) =>
    waiting.until(() => told.filter((event) => event.kind === kind)[times - 1]);
  /** Lets so much time pass, look by look: each ends before the next begins. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= RETRY_MS) {
      const before = rests;
      time.advance(Math.min(RETRY_MS, left));
      if (left >= RETRY_MS) await waiting.until(() => rests > before);
    }
  };
  const rested = () => waiting.until(() => rests > 0);
  const leads = (is: boolean) => waiting.until(() => leadership.isLeading === is);
  return { leadership, pass, rested, told, leading, heard, leads, said };
}

const lease = (api: KubeApi) => api.get(LEASES, LEASE)?.spec;

describe("leadership", () => {
  test("is the first one's, who writes what others read", async () => {
    await using api = await startKubeApi();
    const { leadership, leads } = candidate(api, "a");
    leadership.start();
    await leads(true);
    expect(lease(api)).toEqual({
      holderIdentity: "a",
      leaseDurationSeconds: 10,
      acquireTime: "2026-01-02T03:04:05.006000Z",
      renewTime: "2026-01-02T03:04:05.006000Z",
      leaseTransitions: 0,
    });
    expect([leadership.holder, leadership.transitions]).toEqual(["a", 0]);
  });

  test("is one's alone, and the other follows", async () => {
    await using api = await startKubeApi();
    const [a, b] = [candidate(api, "a"), candidate(api, "b")];
    a.leadership.start();
    await a.leads(true);
    b.leadership.start();
    await b.heard("following");
    expect([a.leadership.isLeading, b.leadership.isLeading]).toEqual([true, false]);
    expect(b.leadership.holder).toBe("a");
  });

  test("of one that died is another's as soon as it saw its Lease unchanged for its duration", async () => {
    await using api = await startKubeApi();
    api.put(
      { metadata: LEASE, spec: { holderIdentity: "dead", leaseDurationSeconds: 10 } },
      LEASES,
    );
    const b = candidate(api, "b");
    b.leadership.start();
    await b.rested();
    await b.pass(8_000);
    expect(b.leadership.isLeading).toBe(false);
    await b.pass(2_000);
    expect(b.leadership.isLeading).toBe(true);
    expect(b.leadership.transitions).toBe(1);
  });

  test("does not trust what others' wall clocks wrote", async () => {
    await using api = await startKubeApi();
    const spec = { holderIdentity: "a", leaseDurationSeconds: 10 };
    const renewTime = "1970-01-01T00:00:00.000000Z";
    api.put({ metadata: LEASE, spec: { ...spec, renewTime } }, LEASES);
    const b = candidate(api, "b");
    b.leadership.start();
    await b.rested();
    for (let i = 1; i < 8; i++) {
      // It goes on renewing, in 1970.
      const next = `1970-01-01T00:00:0${i}.000000Z`;
      api.put({ metadata: LEASE, spec: { ...spec, renewTime: next } }, LEASES);
      await b.pass(2_000);
    }
    expect(b.leadership.isLeading).toBe(false);
  });

  test("that was handed back is taken at the next look", async () => {
    await using api = await startKubeApi();
    const [a, b] = [candidate(api, "a"), candidate(api, "b")];
    a.leadership.start();
    await a.leads(true);
    b.leadership.start();
    await b.rested();
    await a.leadership.release();
    expect(lease(api)).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    expect(a.leading).toEqual([true, false]);
    await b.pass(2_000);
    expect(lease(api)).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
  });

  test("is given up before the Lease is over when it cannot be renewed", async () => {
    await using api = await startKubeApi();
    const { leadership, pass, rested, told } = candidate(api, "a");
    leadership.start();
    await rested();
    api.refuse({ resource: "leases" }, { code: 500, reason: "InternalError" }, 1_000);
    await pass(6_000);
    expect(leadership.isLeading).toBe(true);
    await pass(999);
    expect(leadership.isLeading).toBe(true);
    await pass(1);
    expect(leadership.isLeading).toBe(false);
    expect(told.at(-1)).toEqual({ kind: "lost", why: "deadline" });
  });

  test("ends by the clock, also where no timer could run: a process that was stopped", async () => {
    await using api = await startKubeApi();
    let now = 0;
    const clock = { now: () => now, after: () => () => {} };
    const leadership = new Leadership({
      client: api.client(),
      lease: LEASE,
      identity: "a",
      clock,
      wallClock: () => 0,
      random: () => 0,
      annotations: () => ({}),
      told: () => {},
    });
    const led = new Promise<void>((resolve) => leadership.onChange(() => resolve()));
    leadership.start();
    await led;
    now = 6_999;
    expect(leadership.isLeading).toBe(true);
    now = 7_000;
    expect(leadership.isLeading).toBe(false);
    await leadership.release();
    // Nothing was handed back that may be another's by now.
    expect(lease(api)?.holderIdentity).toBe("a");
  });

  test("that somebody took is lost at the next renewal", async () => {
    await using api = await startKubeApi();
    const { leadership, pass, rested, heard } = candidate(api, "a");
    leadership.start();
    await rested();
    api.put({ metadata: LEASE, spec: { holderIdentity: "b", leaseDurationSeconds: 10 } }, LEASES);
    await pass(2_000);
    expect(await heard("lost")).toEqual({ kind: "lost", why: "taken" });
    expect(leadership.holder).toBe("b");
  });

  test("survives a Lease that somebody annotated or deleted", async () => {
    await using api = await startKubeApi();
    const { leadership, pass, rested, leading } = candidate(api, "a");
    leadership.start();
    await rested();
    const annotated = { ...LEASE, annotations: { note: "hello" } };
    api.put({ ...api.get(LEASES, LEASE)!, metadata: annotated }, LEASES);
    await pass(2_000);
    api.remove(LEASES, LEASE);
    await pass(2_000);
    expect(leading).toEqual([true]);
    expect(lease(api)?.holderIdentity).toBe("a");
  });

  test("keeps its term when somebody deletes the Lease, so that the next one's is a later one", async () => {
    await using api = await startKubeApi();
    const [a, b] = [candidate(api, "a"), candidate(api, "b")];
    const spec = { holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: 9 };
    api.put({ metadata: LEASE, spec }, LEASES);
    a.leadership.start();
    await a.leads(true);
    await a.rested();
    api.remove(LEASES, LEASE);
    await a.pass(2_000);
    expect(lease(api)).toMatchObject({ holderIdentity: "a", leaseTransitions: 10 });
    b.leadership.start();
    await b.heard("following");
    await a.leadership.release();
    await b.pass(2_000);
    await b.leads(true);
    expect(b.leadership.transitions).toBe(11);
  });

  test("of a process whose wall clock jumps is as long as it was", async () => {
    await using api = await startKubeApi();
    const wall = { now: Date.UTC(2026, 0, 2) };
    const a = candidate(api, "a", () => wall.now);
    a.leadership.start();
    await a.leads(true);
    await a.rested();
    const b = candidate(api, "b");
    b.leadership.start();
    await b.heard("following");
    for (const jump of [-86_400_000, 172_800_000, 0, 0, 0, 0]) {
      wall.now += jump;
      await a.pass(2_000);
      await b.pass(2_000);
    }
    expect([a.leading, b.leading]).toEqual([[true], []]);
  });

  test("of a process with the same identity is a new term", async () => {
    await using api = await startKubeApi();
    const spec = { holderIdentity: "a", leaseDurationSeconds: 10, leaseTransitions: 4 };
    api.put({ metadata: LEASE, spec }, LEASES);
    const { leadership, leads } = candidate(api, "a");
    leadership.start();
    await leads(true);
    expect(leadership.transitions).toBe(5);
  });

  test("is raised above a term that somebody told of, and stays there", async () => {
    await using api = await startKubeApi();
    const [a, b] = [candidate(api, "a"), candidate(api, "b")];
    expect(await b.leadership.raise(7)).toBe(false);
    a.leadership.start();
    await a.rested();
    expect(await a.leadership.raise(7)).toBe(true);
    expect(await a.leadership.raise(3)).toBe(true);
    expect(await a.leadership.raise(2 ** 31)).toBe(false);
    await a.pass(2_000);
    expect([a.leadership.transitions, lease(api)?.leaseTransitions]).toEqual([7, 7]);
  });

  test("is not raised by one that lost it meanwhile", async () => {
    await using api = await startKubeApi();
    const { leadership, leads } = candidate(api, "a");
    leadership.start();
    await leads(true);
    api.put({ metadata: LEASE, spec: { holderIdentity: "b", leaseDurationSeconds: 10 } }, LEASES);
    expect(await leadership.raise(7)).toBe(false);
    expect(lease(api)).toMatchObject({ holderIdentity: "b" });
  });

  test("that may not be asked for is told once, and asked for again", async () => {
    await using api = await startKubeApi();
    const allow = api.forbid("*", LEASES);
    const { leadership, pass, rested, heard, told } = candidate(api, "a");
    leadership.start();
    expect(await heard("failed")).toMatchObject({ error: { reason: "Forbidden" } });
    await rested();
    await pass(2_000);
    allow();
    await pass(2_000);
    expect(leadership.isLeading).toBe(true);
    expect(told.filter(({ kind }) => kind === "failed").length).toBe(1);
  });

  test("is handed back by one that may not lead any more, and not asked for until it may", async () => {
    await using api = await startKubeApi();
    const [a, b] = [candidate(api, "a"), candidate(api, "b")];
    a.leadership.start();
    await a.leads(true);
    a.leadership.setWilling(false);
    await api.until(() => lease(api)?.holderIdentity === "");
    expect(a.leading).toEqual([true, false]);
    await a.pass(4_000);
    expect(lease(api)?.holderIdentity).toBe("");
    b.leadership.setWilling(false);
    b.leadership.start();
    await b.rested();
    expect(lease(api)?.holderIdentity).toBe("");
    // Without a wait: nobody else is there to do it.
    b.leadership.setWilling(true);
    await b.leads(true);
    expect(lease(api)).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
    await a.pass(2_000);
    expect(a.leadership.holder).toBe("b");
  });

  test("shows what its holder notes, also after that has gone", async () => {
    await using api = await startKubeApi();
    const [a, b] = [candidate(api, "a"), candidate(api, "b")];
    a.leadership.start();
    await a.rested();
    a.said.word = "a 1";
    await a.pass(2_000);
    b.leadership.start();
    await b.heard("following");
    expect(b.leadership.annotation("test/said")).toBe("a 1");
    a.said.word = "a 2";
    await a.leadership.release();
    await b.pass(2_000);
    await b.leads(true);
    expect(b.leadership.annotation("test/said")).toBe("a 2");
    await b.pass(2_000);
    expect(api.get(LEASES, LEASE)?.metadata.annotations).toEqual({ "test/said": "b 0" });
  });

  test("goes on where an older term was restored from a backup", async () => {
    await using api = await startKubeApi();
    const { leadership, leads, pass, rested, leading } = candidate(api, "a");
    const spec = { holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: 9 };
    api.put({ metadata: LEASE, spec }, LEASES);
    leadership.start();
    await leads(true);
    await rested();
    expect(leadership.transitions).toBe(10);
    api.put({ metadata: LEASE, spec: { ...spec, leaseTransitions: 2 } }, LEASES);
    await pass(2_000);
    expect(leading.at(-1)).toBe(true);
    expect(lease(api)).toMatchObject({ holderIdentity: "a", leaseTransitions: 10 });
  });

  test("is kept over a renewal that fails", async () => {
    await using api = await startKubeApi();
    const { leadership, leads, pass, rested, leading } = candidate(api, "a");
    leadership.start();
    await leads(true);
    await rested();
    api.refuse({ resource: "leases" }, { code: 500, reason: "InternalError" }, 1);
    await pass(2_000);
    await pass(2_000);
    expect(leadership.isLeading).toBe(true);
    expect(leading).toEqual([true]);
  });
});
