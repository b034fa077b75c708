import { WireError } from "@warren/wire";
import { expect, test } from "vitest";
import { Early } from "../src/early.ts";
import { House, Recorder } from "../src/testing/index.ts";

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

test("a first dial that fails is retried like any other", async () => {
  const house = new House();
  house.door = "shut";
  const { dialler, heard } = house.dialler("a1");
  dialler.start();
  await house.pass(3_000);
  expect(heard.filter((word) => word.startsWith("dial")).length).toBeGreaterThan(2);
  house.door = "open";
  await house.pass(15_000);
  expect(dialler.phase).toBe("serving");
});

test("a refused credential is said and tried again slowly", async () => {
  const house = new House();
  house.door = "unauthorized";
  const { dialler, heard, waits } = house.dialler("a1");
  dialler.start();
  await house.pass(60_000, 500);
  expect(heard[1]).toBe("retry unauthorized");
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(5_000);
  expect(heard.filter((word) => word.startsWith("dial")).length).toBeLessThan(8);
});

test("a cut transport is resumed within the first jitter, and its streams go on", async () => {
  const house = new House();
  const { dialler, heard } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  const tunnel = [...house.acceptor.associations()][0]!.tunnel;
  const client = new Recorder();
  tunnel.open(bytes("x"), false, client);
  await house.settle();
  house.accepted[0]!.stream.owner = new Recorder();
  house.accepted[0]!.stream.write(bytes("before "), false);
  house.cutAll();
  house.accepted[0]!.stream.write(bytes("after"), false);
  await house.pass(250);
  expect(client.text).toBe("before after");
  expect(heard.at(-1)).toBe("resumed");
  expect(heard.filter((word) => word.startsWith("dial")).at(-1)).toBe("dial ws://g1");
});

test("a resumed tunnel is not given up when the time to wait for it would have passed", async () => {
  const house = new House();
  const { dialler, gone } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  house.cutAll();
  await house.pass(120_000, 1_000);
  expect(gone).toEqual([]);
  expect(house.said.filter((word) => word.startsWith("gone"))).toEqual([]);
});

test("what a WebSocket says before its dial has resolved is heard, in order", () => {
  const line = new Early();
  const heard: string[] = [];
  line.onText("a");
  line.onBinary(bytes("b"));
  line.onClose(1000, "c");
  line.connect({
    onText: (text) => void heard.push(text),
    onBinary: (message) => void heard.push(String.fromCharCode(...message)),
    onClose: (_code, reason) => void heard.push(reason),
  });
  line.onText("d");
  expect(heard).toEqual(["a", "b", "c", "d"]);
});

test("a silent transport is noticed within 30 s and resumed", async () => {
  const house = new House();
  const { dialler, heard } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  house.blackHole();
  await house.pass(30_000);
  expect(heard).toContain("down");
  await house.pass(1_000);
  expect(heard.at(-1)).toBe("resumed");
});

test("an idle transport says something every 10 to 15 s, and so stays alive for an hour", async () => {
  const house = new House();
  const { dialler, heard } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  const pipe = [...house.pipes][0]!;
  const gaps: number[] = [];
  let last = house.clock.now();
  const send = pipe.left.onText;
  pipe.left.onText = (text) => {
    gaps.push(house.clock.now() - last);
    last = house.clock.now();
    send(text);
  };
  await house.pass(3_600_000, 1_000);
  expect(heard).not.toContain("down");
  expect(Math.max(...gaps)).toBeLessThanOrEqual(15_000);
});

test("a tunnel whose agent never comes back fails its streams after the set time", async () => {
  const house = new House();
  const { dialler } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  const client = new Recorder();
  [...house.acceptor.associations()][0]!.tunnel.open(bytes("x"), false, client);
  await house.settle();
  house.door = "shut";
  house.cutAll();
  await house.pass(59_000, 500);
  expect(client.error).toBeUndefined();
  await house.pass(2_000);
  expect(client.error?.code).toBe("tunnel_lost");
  expect(house.said).toContain("gone a1 tunnel_lost");
});

test("a gateway that restarted says unknown_tunnel at once; streams fail, a new tunnel begins", async () => {
  const house = new House();
  const { dialler, gone, ups } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  house.acceptor = house.newAcceptor();
  house.cutAll();
  await house.pass(500);
  expect(gone[0]?.error.code).toBe("tunnel_lost");
  await house.pass(3_000);
  expect(dialler.phase).toBe("serving");
  expect(ups.at(-1)!.resumed).toBe(false);
});

test.each([
  { name: "a wrong id", agent: "a1", identity: {}, id: "tunnel-99" },
  { name: "another token's tunnel", agent: "a1", identity: { tokenId: "t2" }, id: "tunnel-1" },
  { name: "another agent's tunnel", agent: "a2", identity: {}, id: "tunnel-1" },
])("a resume with $name is refused, and harms nobody", async ({ agent, identity, id }) => {
  const house = new House();
  const owner = house.dialler("a1");
  owner.dialler.start();
  await house.pass(100);
  const thief = house.dialler(agent, identity);
  const before = [...house.acceptor.associations()][0]!;
  const answers: string[] = [];
  const transport = {
    send: () => {},
    sendText: (text: string) => void answers.push(text),
    batch: (writes: () => void) => writes(),
    close: () => {},
    terminate: () => {},
    bufferedBytes: 0,
  };
  const line = house.acceptor.accept(transport, thief.who);
  const payload = {
    agent_id: agent,
    versions: { agent: "0", protocol: [1] },
    resume: { tunnel_id: id, received: 0 },
  };
  line.onText(JSON.stringify({ type: "register", payload }));
  await house.settle();
  expect(answers[0]).toContain("unknown_tunnel");
  expect(before.attached).toBe(true);
  expect(owner.dialler.phase).toBe("serving");
});

test("a second process with the same agent id takes over, and the first hears it and stops", async () => {
  const house = new House();
  const first = house.dialler("a1");
  first.dialler.start();
  await house.pass(100);
  const second = house.dialler("a1");
  second.dialler.start();
  await house.pass(5_000);
  expect(first.heard).toContain("replaced");
  expect(first.dialler.phase).toBe("closed");
  expect(second.dialler.phase).toBe("serving");
});

test("200 agents whose gateway restarts are back within 30 s, each in a slot of its own", async () => {
  const house = new House();
  const agents = Array.from({ length: 200 }, (_, n) => house.dialler(`a${n}`));
  for (const { dialler } of agents) dialler.start();
  await house.pass(500);
  house.door = "shut";
  house.cutAll();
  await house.pass(3_000, 500);
  house.acceptor = house.newAcceptor();
  house.said.length = 0;
  house.door = "open";
  await house.pass(27_000, 250);
  expect(agents.every(({ dialler }) => dialler.phase === "serving")).toBe(true);
  expect(house.said.filter((word) => word.startsWith("up"))).toHaveLength(200);
}, 60_000);

test("a draining gateway takes no new tunnel but still resumes the old", async () => {
  const house = new House();
  const old = house.dialler("a1");
  old.dialler.start();
  await house.pass(100);
  house.acceptor.drain(30_000);
  await house.settle();
  expect(old.controls.map(({ type }) => type)).toContain("drain");
  const fresh = house.dialler("a2");
  fresh.dialler.start();
  await house.pass(100);
  expect(fresh.heard).toContain("retry draining");
  house.cutAll();
  await house.pass(1_000);
  expect(old.heard.at(-1)).toBe("resumed");
});

test("a retiring dialler resumes what it has, and ends with the last stream", async () => {
  const house = new House();
  const { dialler, heard } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  const client = new Recorder();
  const stream = [...house.acceptor.associations()][0]!.tunnel.open(bytes("x"), false, client);
  await house.settle();
  dialler.retire();
  house.cutAll();
  await house.pass(1_000);
  expect(heard.at(-1)).toBe("resumed");
  stream.reset(new WireError("cancelled", ""));
  await house.settle();
  house.cutAll();
  await house.pass(1_000);
  expect(heard.at(-1)).toBe("retired");
  expect(dialler.phase).toBe("closed");
});

test("closing says farewell: the gateway does not wait for a resume", async () => {
  const house = new House();
  const { dialler } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  dialler.close(new WireError("draining", "stopped"));
  await house.settle();
  expect(house.said.at(-1)).toBe("gone a1 tunnel_lost");
});

test("control messages of unknown types are answered once per type", async () => {
  const house = new House();
  const answers: string[] = [];
  const transport = {
    send: () => {},
    sendText: (text: string) => void answers.push(text),
    batch: (writes: () => void) => writes(),
    close: () => {},
    terminate: () => {},
    bufferedBytes: 0,
  };
  const { who } = house.dialler("x");
  const line = house.acceptor.accept(transport, who);
  for (let n = 0; n < 3; n++) line.onText(JSON.stringify({ type: "teleport", request_id: "r1" }));
  expect(answers).toHaveLength(1);
  expect(answers[0]).toContain("protocol_fallback");
});

test("a gateway that asks for a long wait is tried again within a minute", async () => {
  const house = new House();
  house.door = "later";
  const { dialler, waits } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  expect(waits).toEqual([60_000]);
  dialler.close(new WireError("cancelled", ""));
});

test.each([
  {
    name: "held for a third of the detection time is gone back to at once",
    heldMs: 10_500,
    waitMs: 125,
  },
  { name: "broke sooner is gone back to slowly", heldMs: 9_000, waitMs: 500 },
])("a connection that $name", async ({ heldMs, waitMs }) => {
  const house = new House();
  const { dialler, waits } = house.dialler("a1");
  house.onStream = (stream) => void (stream.owner = new Recorder());
  dialler.start();
  await house.pass(100);
  [...house.acceptor.associations()][0]!.tunnel.open(bytes("x"), false, new Recorder());
  await house.settle();
  house.cutAll();
  await house.pass(heldMs);
  house.cutAll();
  expect(waits).toEqual([125, waitMs]);
});
