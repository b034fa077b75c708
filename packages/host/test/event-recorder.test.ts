import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  EVENTS,
  KubeEventRecorder,
  type EventsTold,
  type ObjectReference,
} from "../src/kube/index.ts";
import { startKubeApi, virtualClock, Waiting, type KubeApi } from "../src/testing/index.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const ingress = (name: string, namespace: string | undefined = "default"): ObjectReference => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  namespace,
  name,
  uid: "0b6c1a36-7a0d-4ac1-9d3b-5b2f6a3c1c11",
});

function open(api: KubeApi) {
  const clock = virtualClock();
  const waiting = new Waiting();
  const told: EventsTold[] = [];
  let ids = 0;
  const recorder = new KubeEventRecorder({
    client: api.client(),
    controller: "warren-agent",
    instance: "warren-agent-0",
    clock,
    wallClock: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    uniqueId: () => (ids++).toString(16),
    told: (event) => {
      told.push(event);
      waiting.look();
    },
  });
  onTestFinished(() => recorder[Symbol.asyncDispose]());
  const heard = (kind: EventsTold["kind"]) =>
    waiting.until(() => told.find((event) => event.kind === kind));
  /** Lets time pass until there is nothing to write any more. Returns how much passed. */
  const pass = async () => {
    let passed = 0;
    for (; recorder.waiting > 0; passed += 500) {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return passed;
  };
  return { recorder, clock, told, heard, pass };
}

const events = (api: KubeApi, count: number) =>
  api.until(() => {
    const all = api.all(EVENTS);
    return all.length >= count && all;
  });
const written = (api: KubeApi, verb: string, count: number) =>
  api.until(() => api.requests.filter((one) => one.verb === verb).length >= count);

describe("events", () => {
  test("say what became of an object, beside it", async () => {
    await using api = await startKubeApi();
    const { recorder } = open(api);
    recorder.warning(ingress("web"), "HostTaken", "web.example is served by another cluster");
    const [event] = await events(api, 1);
    expect(event).toMatchObject({
      metadata: { namespace: "default", name: "web.0" },
      eventTime: "2026-01-02T03:04:05.006000Z",
      reportingController: "warren-agent",
      reportingInstance: "warren-agent-0",
      type: "Warning",
      reason: "HostTaken",
      note: "web.example is served by another cluster",
      regarding: { kind: "Ingress", namespace: "default", name: "web" },
    });
  });

  test("that repeat are one with a count, written once a minute", async () => {
    await using api = await startKubeApi();
    const { recorder, clock } = open(api);
    for (let i = 0; i < 5; i++) recorder.normal(ingress("web"), "Published", "on one gateway");
    await events(api, 1);
    await written(api, "create", 1);
    clock.advance(60_000);
    await written(api, "patch", 1);
    expect(api.all(EVENTS)).toMatchObject([{ series: { count: 5 } }]);
    recorder.normal(ingress("web"), "Published", "on two gateways");
    expect((await events(api, 2)).length).toBe(2);
    recorder.normal(ingress("web"), "Published", "on one gateway");
    for (const { metadata } of api.all(EVENTS)) {
      api.remove(EVENTS, { namespace: metadata.namespace, name: metadata.name });
    }
    clock.advance(60_000);
    await events(api, 1);
  });

  test("of names of any kind and length are taken by the server", async () => {
    await using api = await startKubeApi();
    const { recorder } = open(api);
    const names = ["x".repeat(253), `a.${"b".repeat(251)}`, "System:Role", "..", "a.-b"];
    for (const name of names) recorder.normal(ingress(name), "Seen", "ä".repeat(2_000));
    const all = await events(api, names.length);
    expect(all.every(({ note = "" }) => Buffer.byteLength(note) <= 1_024)).toBe(true);
    recorder.normal(ingress("ours", undefined), "Seen", "of the cluster");
    const [ours] = (await events(api, 6)).filter(({ note }) => note === "of the cluster");
    expect(ours?.metadata.namespace).toBe("default");
  });

  test("of one object are 25 and then few, the last of those said, and no other suffers for it", async () => {
    await using api = await startKubeApi();
    const { recorder, clock, told, pass } = open(api);
    for (let i = 0; i < 25; i++) recorder.normal(ingress("loud"), "Seen", `time ${i}`);
    await events(api, 25);
    for (let i = 25; i < 60; i++) recorder.normal(ingress("loud"), "Seen", `time ${i}`);
    recorder.normal(ingress("quiet"), "Seen", "once");
    await events(api, 26);
    expect([told.length, recorder.waiting]).toEqual([10, 25]);
    clock.advance(300_000);
    expect((await events(api, 27)).map(({ note }) => note)).toContain("time 35");
    await pass();
    expect((await events(api, 51)).map(({ note }) => note)).toContain("time 59");
  });

  test("of thousands of objects are all written, as fast as the limit allows", async () => {
    await using api = await startKubeApi();
    const { recorder, told, pass } = open(api);
    for (let i = 0; i < 2_000; i++) recorder.normal(ingress(`web-${i}`), "Seen", "once");
    await events(api, 200);
    expect(recorder.waiting).toBeGreaterThan(1_700);
    const took = await pass();
    expect(took).toBeGreaterThan(170_000);
    expect((await events(api, 2_000)).length).toBe(2_000);
    expect(told).toEqual([]);
  });

  test("of one namespace make those of another wait no second, nor go unsaid", async () => {
    await using api = await startKubeApi();
    for (const name of ["evil", "shop"])
      api.put({ metadata: { name }, apiVersion: "v1", kind: "Namespace" });
    const { recorder, clock, told } = open(api);
    for (let i = 0; i < 200; i++) recorder.normal(ingress(`web-${i}`, "evil"), "Seen", "once");
    await events(api, 200);
    for (let i = 0; i < 1_100; i++)
      for (let n = 0; n < 20; n++)
        recorder.warning(ingress(`web-${i}`, "evil"), "NoSuchService", `there is no gone-${n}`);
    recorder.normal(ingress("web", "shop"), "Published", "published at shop.example.com");
    recorder.warning(ingress("last", "evil"), "NoSuchService", "there is no gone");
    expect(recorder.waiting).toBe(20_000);
    const shops = () => api.all(EVENTS).filter(({ metadata }) => metadata.namespace === "shop");
    clock.advance(1_000);
    await written(api, "create", 205);
    expect(shops().map(({ reason }) => reason)).toEqual(["Published"]);
    expect(new Set(told.map(({ kind }) => kind))).toEqual(new Set(["dropped"]));
  });

  test("that wait are another's to say when it leads", async () => {
    await using api = await startKubeApi();
    const { recorder } = open(api);
    for (let i = 0; i < 300; i++) recorder.normal(ingress(`web-${i}`), "Seen", "once");
    await events(api, 200);
    recorder.clear();
    expect(recorder.waiting).toBe(0);
  });

  test("that may not be written are told, each once, and not asked for again and again", async () => {
    await using api = await startKubeApi();
    const allow = api.forbid("create", EVENTS);
    const { recorder, told, heard, pass } = open(api);
    recorder.normal(ingress("web"), "Seen", "one");
    await heard("forbidden");
    recorder.normal(ingress("web"), "Seen", "two");
    api.put({ metadata: { name: "other" }, apiVersion: "v1", kind: "Namespace" });
    recorder.normal(ingress("web", "other"), "Seen", "three");
    await written(api, "create", 2);
    await heard("forbidden");
    allow();
    recorder.normal(ingress("web"), "Seen", "four");
    await pass();
    const notes = (await events(api, 4)).map(({ note }) => note);
    expect(new Set(notes)).toEqual(new Set(["one", "two", "three", "four"]));
    expect(told.map(({ kind }) => kind)).toEqual(Array(4).fill("forbidden"));
  });

  test("that may not be written in a namespace that has gone are forgotten with it", async () => {
    await using api = await startKubeApi();
    api.forbid("create", EVENTS);
    const { recorder, clock, told, heard } = open(api);
    const refusal = async (namespace: string) => {
      recorder.normal(ingress("web", namespace), "Seen", "one");
      await heard("forbidden");
      recorder.clear();
      const [event] = told.splice(0);
      return new WeakRef((event as { error: Error }).error);
    };
    const gone = await refusal("gone");
    clock.advance(600_000);
    await refusal("other");
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(gone.deref()).toBeUndefined();
  });

  test("that a server fails to write are told, and written a little later", async () => {
    await using api = await startKubeApi();
    const { recorder, clock, heard } = open(api);
    api.refuse({ verb: "create" }, { code: 500, reason: "InternalError" });
    recorder.normal(ingress("web"), "Seen", "one");
    await heard("failed");
    recorder.normal(ingress("web"), "Seen", "two");
    clock.advance(1_000);
    const notes = (await events(api, 2)).map(({ note }) => note);
    expect(new Set(notes)).toEqual(new Set(["one", "two"]));
  });

  test("that a server finds wrong are told, and not written again", async () => {
    await using api = await startKubeApi();
    const { recorder, heard } = open(api);
    api.refuse({ verb: "create" }, { code: 422, reason: "Invalid" });
    recorder.normal(ingress("web"), "Seen", "one");
    await heard("failed");
    expect(recorder.waiting).toBe(0);
  });

  test("that are said again while they may not be written wait once, and for nobody when another leads", async () => {
    await using api = await startKubeApi();
    api.forbid("create", EVENTS);
    const { recorder, clock, heard } = open(api);
    recorder.normal(ingress("web"), "Seen", "one");
    await heard("forbidden");
    for (let minute = 0; minute < 5; minute++) {
      recorder.normal(ingress("web"), "Seen", "one");
      clock.advance(60_000);
      expect([recorder.waiting, clock.pending]).toEqual([1, 1]);
    }
    recorder.normal(ingress("web"), "Seen", "one");
    recorder.clear();
    expect([recorder.waiting, clock.pending]).toEqual([0, 0]);
  });

  test("that a server fails to write cost their object one each, however often they are tried", async () => {
    await using api = await startKubeApi();
    const { recorder, clock, told } = open(api);
    api.refuse({ verb: "create" }, { code: 500, reason: "InternalError" }, 40);
    recorder.normal(ingress("web"), "Seen", "first");
    while (api.all(EVENTS).length === 0) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(told).toHaveLength(40);
    for (let i = 0; i < 24; i++) recorder.normal(ingress("web"), "Seen", `time ${i}`);
    await events(api, 25);
  });

  test("that fail under way are not written by who leads no more", async () => {
    await using api = await startKubeApi();
    const { recorder, clock, heard } = open(api);
    const listening = api.intercept(() => {
      recorder.clear();
      return false;
    });
    api.refuse({ verb: "create" }, { code: 500, reason: "InternalError" });
    recorder.normal(ingress("web"), "Seen", "mine no more");
    await heard("failed");
    listening();
    recorder.normal(ingress("web"), "Seen", "mine again");
    clock.advance(60_000);
    const [only] = await events(api, 1);
    expect([only!.note, recorder.waiting]).toEqual(["mine again", 0]);
  });
});
