import { WireError } from "@warren/wire";
import { expect, test } from "vitest";
import { MOST_TUNNELS, type Heard } from "../src/index.ts";
import { House, Recorder } from "../src/testing/index.ts";

/** A transport that a test speaks through by hand; `said` is what the acceptor sent. */
function byHand() {
  const said: string[] = [];
  const ends: string[] = [];
  const transport = {
    send: () => {},
    sendText: (text: string) => void said.push(text),
    batch: (writes: () => void) => writes(),
    close: (code: number) => void ends.push(`close ${code}`),
    terminate: () => void ends.push("terminate"),
    bufferedBytes: 0,
  };
  return { said, ends, transport };
}
const who = { tokenId: "t1", clusterUuid: "c1", cluster: "home" };
const registration = (agent: string, resume?: { tunnel_id: string; received: number }) =>
  JSON.stringify({
    type: "register",
    payload: { agent_id: agent, versions: { agent: "0", protocol: [1] }, resume },
  });

test("a spliced transport is its owner's to keep alive: it outlives the detection time", async () => {
  const house = new House();
  const { ends, said, transport } = byHand();
  const texts: string[] = [];
  house.elsewhere = async () => ({
    onBinary: () => {},
    onText: (text) => void texts.push(text),
    onClose: () => {},
  });
  const line = house.acceptor.accept(transport, who);
  line.onText(registration("a1", { tunnel_id: "far", received: 0 }));
  await house.pass(120_000, 1_000);
  expect(ends).toEqual([]);
  expect(said).toEqual([]);
  line.onText("still here");
  expect(texts).toEqual(["still here"]);
});

test("a resume whose owner cannot be looked up is put off, not called unknown", async () => {
  const house = new House();
  const { ends, said, transport } = byHand();
  house.elsewhere = () => Promise.reject(new Error("the directory does not answer"));
  const line = house.acceptor.accept(transport, who);
  line.onText(registration("a1", { tunnel_id: "far", received: 0 }));
  await house.settle();
  expect(said[0]).toContain("overloaded");
  expect(said[0]).toContain("retry_after_ms");
  expect(ends).toEqual(["close 4503"]);
});

test("a transport registers once: a second register while the first is looked up ends it", async () => {
  const house = new House();
  const { ends, transport } = byHand();
  house.elsewhere = () => new Promise(() => {});
  const line = house.acceptor.accept(transport, who);
  line.onText(registration("a1", { tunnel_id: "far", received: 0 }));
  line.onText(registration("a1"));
  await house.settle();
  expect(ends).toEqual(["close 1002"]);
  expect(house.said).toEqual([]);
});

test.each([
  { name: "says nothing", says: undefined },
  {
    name: "says what is no registration",
    says: '{"type":"heartbeat","payload":{"agent_id":"a1"}}',
  },
  { name: "pings", says: '{"type":"ping"}' },
  { name: "says what is nothing at all", says: "hello" },
])("a transport that only $name is closed after 10 s", async ({ says }) => {
  const house = new House();
  const { ends, transport } = byHand();
  const line = house.acceptor.accept(transport, who);
  for (let seconds = 0; seconds < 12; seconds++) {
    expect(ends).toEqual(seconds < 10 ? [] : ["close 4408"]);
    if (says !== undefined) line.onText(says);
    await house.pass(1_000);
  }
  expect(house.clock.pending).toBe(0);
});

test("one that is told that its tunnel is unknown has until 10 s after its slot to register", async () => {
  const house = new House();
  const { ends, said, transport } = byHand();
  const line = house.acceptor.accept(transport, who);
  await house.pass(9_000);
  line.onText(registration("a1", { tunnel_id: "gone", received: 0 }));
  await house.settle();
  expect(said[0]).toContain("unknown_tunnel");
  await house.pass(9_000);
  expect(ends).toEqual([]);
  await house.pass(2_000);
  expect(ends).toEqual(["close 4408"]);
});

test("one that asks for an unknown tunnel again is closed: it would be given slots for ever", async () => {
  const house = new House();
  const { ends, transport } = byHand();
  const line = house.acceptor.accept(transport, who);
  for (let n = 0; n < 2; n++) {
    line.onText(registration("a1", { tunnel_id: `gone-${n}`, received: 0 }));
    await house.settle();
  }
  expect(ends).toEqual(["close 1002"]);
});

test("one whose owner is looked up for ever is closed after 10 s, and what is found then is told", async () => {
  const house = new House();
  const { ends, transport } = byHand();
  const found = Promise.withResolvers<Heard>();
  const told: string[] = [];
  house.elsewhere = () => found.promise;
  const line = house.acceptor.accept(transport, who);
  line.onText(registration("a1", { tunnel_id: "far", received: 0 }));
  await house.pass(11_000, 1_000);
  expect(ends).toEqual(["close 4408"]);
  found.resolve({
    onBinary: () => {},
    onText: () => {},
    onClose: (code) => void told.push(`close ${code}`),
  });
  await house.settle();
  expect(told).toEqual(["close 1006"]);
});

test("an agent that asks and reads nothing is cut, its streams wait, and it goes on when it is back", async () => {
  const house = new House();
  let handed = 0;
  const { ends, transport } = byHand();
  const deaf = { ...transport, sendText: (text: string) => void (handed += text.length) };
  const line = house.acceptor.accept(deaf, who);
  line.onText(registration("a1"));
  const one = [...house.acceptor.associations()][0]!;
  const answer = new Recorder();
  one.tunnel.open(Uint8Array.of(1), true, answer);
  await house.settle();
  let asked = 0;
  for (; ends.length === 0; asked++) line.onText('{"type":"heartbeat","request_id":"1"}');
  expect(ends).toEqual(["terminate"]);
  // 2 MiB of answers, and what was under way.
  expect(asked).toBeGreaterThan(5_000);
  expect(handed).toBeLessThan(65_536 + 1_000);
  expect(house.said).toEqual(["up a1", "down a1"]);
  line.onText('{"type":"heartbeat","request_id":"1"}');
  expect(answer.error).toBeUndefined();

  const back = byHand();
  const again = house.acceptor.accept(back.transport, who);
  again.onText(registration("a1", { tunnel_id: one.tunnelId, received: 1 }));
  await house.settle();
  expect(house.said).toEqual(["up a1", "down a1", "up a1 resumed"]);
  expect([one.attached, one.tunnel.streams]).toEqual([true, 1]);
});

test("a process that lost its place while it was cut off does not take it back by resuming", async () => {
  const house = new House();
  const first = house.dialler("a1");
  first.dialler.start();
  await house.pass(100);
  house.door = "shut";
  house.cutAll();
  await house.pass(100);
  const second = house.dialler("a1");
  house.door = "open";
  second.dialler.start();
  await house.pass(10_000);
  expect(first.heard.at(-1)).toBe("replaced");
  expect(first.dialler.phase).toBe("closed");
  expect(second.dialler.phase).toBe("serving");
});

test("an answer to a resume that names another tunnel is a broken protocol, not a resume", async () => {
  const house = new House();
  const { dialler, gone, ups } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  house.forge = (text) => text.replace('"tunnel-1"', '"tunnel-7"');
  house.cutAll();
  await house.pass(300);
  expect(gone[0]?.error.code).toBe("protocol_error");
  house.forge = undefined;
  await house.pass(20_000);
  expect(ups.at(-1)!.resumed).toBe(false);
  expect(dialler.phase).toBe("serving");
});

test("a newer transport of a tunnel replaces the older, which is dropped without a word", async () => {
  const house = new House();
  const older = byHand();
  house.acceptor.accept(older.transport, who).onText(registration("a1"));
  const newer = byHand();
  const resume = { tunnel_id: "tunnel-1", received: 0 };
  house.acceptor.accept(newer.transport, who).onText(registration("a1", resume));
  await house.settle();
  expect(older.ends).toEqual(["terminate"]);
  expect(older.said).toHaveLength(1);
  expect(newer.said[0]).toContain('"resumed":true');
  expect([...house.acceptor.associations()]).toHaveLength(1);
});

test("each who asks gets a slot of its own, and a slot not taken is not kept", async () => {
  const house = new House();
  const { acceptor } = house;
  expect([acceptor.slotMs(), acceptor.slotMs(), acceptor.slotMs()]).toEqual([0, 5, 10]);
  await house.pass(100);
  expect(acceptor.slotMs()).toBe(0);
});

test("a transport that comes when its dialler was closed meanwhile is dropped", async () => {
  const house = new House();
  const { dialler } = house.dialler("a1");
  dialler.start();
  house.clock.advance(0);
  expect(dialler.phase).toBe("dialling");
  dialler.close(new WireError("cancelled", ""));
  await house.settle();
  expect(dialler.phase).toBe("closed");
  expect([...house.pipes][0]!.left.closed).toBe(true);
});

test("an idle tunnel knows its round trip from pings", async () => {
  const house = new House();
  const { dialler } = house.dialler("a1");
  dialler.start();
  await house.pass(100);
  expect(dialler.tunnel!.rttMs).toBeUndefined();
  await house.pass(30_000);
  expect(dialler.tunnel!.rttMs).toBe(0);
});

test("a cluster has so many tunnels and no more; another cluster's are not touched", async () => {
  const house = new House();
  const join = (agent: string, clusterUuid: string) => {
    const { said, transport } = byHand();
    const line = house.acceptor.accept(transport, { ...who, clusterUuid });
    line.onText(registration(agent));
    return { said, line };
  };
  const first = join("a", "c1");
  for (let i = 1; i < MOST_TUNNELS; i++) join(`a${i}`, "c1");
  expect(join("one too many", "c1").said[0]).toContain('"overloaded"');
  expect(join("b", "c2").said[0]).toContain("register_success");
  first.line.onClose(1000, "");
  expect(join("next", "c1").said[0]).toContain("register_success");
});

test("an opener keeps to its own limit of streams where the other side would take more", () => {
  const house = new House();
  house.acceptor.options.opens = 2;
  house.acceptor.accept(byHand().transport, who).onText(registration("a1"));
  const [held] = house.acceptor.associations();
  const open = () => held!.tunnel.open(new Uint8Array(10), false, new Recorder());
  open();
  open();
  expect(held!.tunnel.openable).toBe(false);
  expect(open).toThrow("all the streams");
});

test("a dialler that is retired while it registers closes what it began", async () => {
  const house = new House();
  const { dialler, heard } = house.dialler("a1");
  const phases: string[] = [];
  house.acceptor.options.owner.onUp = () => {
    phases.push(dialler.phase);
    dialler.retire();
  };
  dialler.start();
  await house.pass(1_000);
  expect(phases).toEqual(["registering"]);
  expect(heard).toContain("retired");
  expect([...house.acceptor.associations()]).toEqual([]);
});
