import { virtualClock } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { FakeSockets, settle } from "../../test/_kit.ts";
import { DirectLine } from "./direct-line.ts";
import type { ConnectionState } from "./line.ts";

function openLine(given: { token?: () => Promise<string>; random?: number } = {}) {
  const clock = virtualClock(1_000);
  const sockets = new FakeSockets();
  const states: ConnectionState[] = [];
  const frames: string[] = [];
  const problems: unknown[] = [];
  const device = { isOnline: true };
  let tokens = 0;
  const line = new DirectLine({
    url: "ws://chat/ws",
    token: given.token ?? (async () => `token-${++tokens}`),
    deviceId: "device",
    clock,
    random: () => given.random ?? 0.5,
    openSocket: sockets.open,
    isOnline: () => device.isOnline,
    failed: (reason) => problems.push(reason),
    listener: {
      state: (state) => states.push(state),
      opened: () => frames.push("opened"),
      frame: (frame) => frames.push(frame.type),
    },
  });
  return { line, clock, sockets, states, frames, problems, device };
}

async function opened(given: Parameters<typeof openLine>[0] = {}) {
  const all = openLine(given);
  all.line.connect();
  await settle();
  all.sockets.last.greet();
  return all;
}

describe("a line", () => {
  test("says hello, and is open when the service has greeted", async () => {
    const { line, sockets, states, frames } = await opened();
    expect(sockets.last.url).toBe("ws://chat/ws?token=token-1");
    expect(sockets.last.said).toEqual([{ type: "hello", device_id: "device", protocol: 1 }]);
    expect(states.map(({ name }) => name)).toEqual(["connecting", "open"]);
    expect(frames).toEqual(["opened"]);
    expect(line.send({ type: "ping" })).toBe(true);
  });

  test("comes back with jitter that doubles, with a fresh token each time", async () => {
    const { line, clock, sockets } = openLine();
    line.connect();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      await settle();
      sockets.last.listener.closed(1_006, "");
      const { state } = line;
      if (state.name !== "waiting") throw new Error(state.name);
      waits.push(state.retryInMs);
      clock.advance(state.retryInMs);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    await settle();
    expect(new Set(sockets.opened.map(({ url }) => url)).size).toBe(9);
  });

  test.each([
    { name: "that broke at once counts as a failure", heldMs: 4_999, retryInMs: 500 },
    { name: "that held starts the count anew", heldMs: 5_000, retryInMs: 250 },
  ])("$name", async ({ heldMs, retryInMs }) => {
    const { line, clock, sockets } = openLine();
    line.connect();
    await settle();
    sockets.last.listener.closed(1_006, "");
    clock.advance(250);
    await settle();
    sockets.last.greet();
    clock.advance(heldMs);
    sockets.last.listener.closed(1_006, "");
    expect(line.state).toEqual({ name: "waiting", retryInMs });
  });

  test.each([
    { code: 1_000, back: true },
    { code: 1_006, back: true },
    { code: 1_012, back: true },
    { code: 1_013, back: true },
    { code: 4_008, back: true },
    { code: 4_029, back: true },
    { code: 4_400, back: false },
    { code: 4_403, back: false },
    { code: 4_404, back: false },
    { code: 4_999, back: false },
  ])("closed with $code comes back: $back", async ({ code, back }) => {
    const { line, sockets } = await opened();
    sockets.last.listener.closed(code, "why");
    expect(line.state.name).toBe(back ? "waiting" : "closed");
    if (!back) expect(line.state).toEqual({ name: "closed", code, reason: "why" });
  });

  test("whose token ended comes back once with a fresh one, and not with the same", async () => {
    const fresh = await opened();
    fresh.sockets.last.listener.closed(4_412, "EXPIRED_TOKEN");
    await settle();
    expect(fresh.sockets.last.url).toContain("token-2");
    fresh.sockets.last.listener.closed(4_401, "INVALID_TOKEN");
    expect(fresh.line.state).toMatchObject({ name: "closed", code: 4_401 });

    const same = await opened({ token: async () => "the same" });
    same.sockets.last.listener.closed(4_412, "EXPIRED_TOKEN");
    await settle();
    expect(same.sockets.opened).toHaveLength(1);
    expect(same.line.state).toMatchObject({ name: "closed", code: 4_412 });
  });

  test("keeps trying where a token cannot be had", async () => {
    let isAway = true;
    const reason = new Error("away");
    const token = () => (isAway ? Promise.reject(reason) : Promise.resolve("t"));
    const { line, clock, sockets, problems } = openLine({ token });
    line.connect();
    await settle();
    expect([problems, line.state.name]).toEqual([[reason], "waiting"]);
    isAway = false;
    clock.advance(250);
    await settle();
    expect(sockets.opened).toHaveLength(1);
  });

  test("that is moved comes back at the moment that the service names", async () => {
    const { line, clock, sockets } = await opened();
    sockets.last.hear({ type: "migration", reason: "draining", reconnect_after_ms: 3_000 });
    clock.advance(1_000);
    sockets.last.listener.closed(1_012, "DRAINING");
    expect(line.state).toEqual({ name: "waiting", retryInMs: 2_000 });
  });

  test("that is moved and not closed goes by itself", async () => {
    const { clock, sockets } = await opened();
    sockets.last.hear({ type: "migration", reason: "moving", reconnect_after_ms: 3_000 });
    clock.advance(5_000);
    await settle();
    expect(sockets.opened[0]!.closedWith).toBe(1_000);
    clock.advance(1);
    await settle();
    expect(sockets.opened).toHaveLength(2);
  });

  test("gives up a service that never greets", async () => {
    const { line, clock, sockets } = openLine();
    line.connect();
    await settle();
    sockets.last.listener.opened();
    clock.advance(10_000);
    expect(line.state.name).toBe("waiting");
    expect(sockets.last.closedWith).toBe(1_000);
  });

  test("asks when nothing is heard, and comes back at once without an answer", async () => {
    const { clock, sockets } = await opened();
    clock.advance(25_000);
    expect(sockets.last.types()).toEqual(["hello", "ping"]);
    sockets.last.hear({ type: "pong" });
    clock.advance(25_000);
    clock.advance(10_000);
    await settle();
    expect(sockets.opened).toHaveLength(2);
  });

  test("that is woken asks, with three seconds for the answer", async () => {
    const { line, clock, sockets } = await opened();
    line.wake();
    expect(sockets.last.types()).toEqual(["hello", "ping"]);
    clock.advance(2_999);
    expect(sockets.opened).toHaveLength(1);
    clock.advance(1);
    await settle();
    expect(sockets.opened).toHaveLength(2);
  });

  test("that is woken while it waits tries at once", async () => {
    const { line, sockets } = await opened();
    sockets.last.listener.closed(1_006, "");
    line.wake();
    await settle();
    expect(sockets.opened).toHaveLength(2);
  });

  test("does not dial without a network, and does when it is there", async () => {
    const { line, sockets, device } = openLine();
    device.isOnline = false;
    line.connect();
    await settle();
    expect([line.state.name, sockets.opened.length]).toEqual(["offline", 0]);
    device.isOnline = true;
    line.wake();
    await settle();
    expect(sockets.opened).toHaveLength(1);
  });

  test("does not hear what a socket says that was given up", async () => {
    const { line, clock, sockets, frames } = await opened();
    const [first] = sockets.opened;
    line.wake();
    clock.advance(3_000);
    await settle();
    sockets.last.greet();
    first!.hear({ type: "entry" });
    first!.listener.closed(4_403, "");
    expect([frames, line.state.name]).toEqual([["opened", "opened"], "open"]);
  });

  test("is closed for good, also in the middle of a try", async () => {
    const { line, clock, sockets } = openLine();
    line.connect();
    line.close();
    await settle();
    clock.advance(100_000);
    expect(sockets.opened).toHaveLength(0);
    expect(line.state).toMatchObject({ name: "closed", code: 1_000 });
    expect(clock.pending).toBe(0);
  });

  test("is not upset by what is no frame", async () => {
    const { sockets, line } = await opened();
    for (const data of ["{", "7", "null", new ArrayBuffer(1)]) sockets.last.listener.message(data);
    expect(line.state.name).toBe("open");
  });
});

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const tokenUntil = (seconds: number) => `h.${base64({ exp: seconds })}.s`;

describe("the token of a live socket", () => {
  const start = Date.parse("2026-01-01T00:00:00.000Z") / 1_000;

  test("is replaced before it ends, by the service's clock", async () => {
    const tokens = [tokenUntil(start + 600), tokenUntil(start + 1_200)];
    const { clock, sockets } = await opened({ token: async () => tokens.shift() ?? "none" });
    // Nothing is heard in the meantime but pongs.
    const pass = (ms: number) => {
      for (let left = ms; left > 0; left -= 20_000) {
        clock.advance(Math.min(20_000, left));
        sockets.last.hear({ type: "pong" });
      }
    };
    pass(539_000);
    expect(sockets.last.types()).not.toContain("auth");
    pass(1_000);
    await settle();
    expect(sockets.last.said.at(-1)).toEqual({ type: "auth", token: tokenUntil(start + 1_200) });
  });

  test("is asked for again where the callback gives the one that ends", async () => {
    const old = tokenUntil(start + 60);
    const tokens = [old, old, tokenUntil(start + 900)];
    const { clock, sockets, problems } = await opened({ token: async () => tokens.shift()! });
    clock.advance(24_000);
    sockets.last.hear({ type: "pong" });
    clock.advance(24_000);
    await settle();
    expect(problems).toHaveLength(1);
    clock.advance(10_000);
    await settle();
    expect(sockets.last.said.at(-1)).toMatchObject({ type: "auth" });
  });
});
