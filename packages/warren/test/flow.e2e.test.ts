import { Agent } from "node:http";
import { connect } from "node:net";
import { startFaultProxy } from "@warren/host/testing";
import { FLOOR_BYTES } from "@warren/wire";
import { expect, test } from "vitest";
import { ask, served } from "./_kit/ask.ts";
import { routeTo } from "./_kit/configs.ts";
import { Stage } from "./_kit/stage.ts";
import { download } from "./_kit/storm-transfer.ts";

/**
 * What flow control promises, in bounds wide enough for a busy machine: the figures proper are rows
 * of `npm run bench`. A break of the mechanism misses these by far: a transport that is filled makes
 * small requests wait for seconds, a stalled reader that blocks others stops them altogether.
 */
const HOST = "flow.test";
const MIB = 1_048_576;
const POOL_BYTES = 16 * MIB;

/** p99 of `count` small requests, eight at a time. */
async function p99(port: number, agent: Agent, count: number): Promise<number> {
  const times: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next++ < count) {
      const since = performance.now();
      const { status } = await ask({ port, host: HOST, path: "/verdict", agent });
      times.push(performance.now() - since);
      expect(status).toBe(200);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return times.toSorted((a, b) => a - b)[Math.floor(count * 0.99)]!;
}

/** Of the best of several windows, so that pauses of the machine do not count. */
async function bestP99(port: number, agent: Agent): Promise<number> {
  const windows: number[] = [];
  for (let i = 0; i < 5; i++) windows.push(await p99(port, agent, 500));
  return Math.min(...windows);
}

test(
  "1,000 readers that stall on 100 MB each delay nobody, and hold no more than they were lent",
  { timeout: 240_000 },
  async () => {
    const readers = 1_000;
    await using stage = new Stage();
    const servicePort = await stage.stormService();
    const gateway = await stage.gateway({ tunnels: { poolBytes: POOL_BYTES } });
    const member = await stage.agent(gateway.port, [routeTo(HOST, servicePort)]);
    await served(gateway.port, HOST, "/verdict");
    using agent = disposable(new Agent({ keepAlive: true, maxSockets: 8 }));
    await p99(gateway.port, agent.value, 2_000);
    const before = await bestP99(gateway.port, agent.value);
    const memoryBefore = await Promise.all([gateway.memory(), member.memory()]);

    const stalled = Array.from({ length: readers }, () => {
      const socket = connect({ port: gateway.port, host: "127.0.0.1" }).pause();
      socket.on("error", () => {});
      socket.write(`GET /bytes?seed=1&length=100000000 HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`);
      return socket;
    });
    // Until nothing moves any more: the kernel's buffers are full, and those of both processes.
    for (let moved = -1; ;) {
      const { streams, bytesReceived } = (await gateway.tunnels())[0]!.stats;
      if (streams >= readers && bytesReceived - moved < MIB) break;
      moved = bytesReceived;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const during = await bestP99(gateway.port, agent.value);
    const { stats } = (await gateway.tunnels())[0]!;
    expect(stats.lentBytes).toBeLessThanOrEqual(POOL_BYTES);
    const lent = readers * FLOOR_BYTES + POOL_BYTES;
    const memory = await Promise.all([gateway.memory(), member.memory()]);
    for (const [i, { arrayBuffers }] of memory.entries()) {
      // Twice: a chunk may be a view of half a buffer here, and one read waits at the agent.
      expect(arrayBuffers - memoryBefore[i]!.arrayBuffers).toBeLessThan(2 * lent + 32 * MIB);
    }
    // 20 ms is what two busy cores lose to anything at all.
    expect(during).toBeLessThan(Math.max(2 * before, 20));
    for (const socket of stalled) socket.destroy();
    while ((await gateway.tunnels())[0]!.stats.streams > 0) await new Promise(setImmediate);
    expect((await gateway.tunnels())[0]!.stats.lentBytes).toBe(0);
  },
);

test(
  "small requests and heartbeats pass beside downloads that fill a line of 20 Mbit/s",
  { timeout: 180_000 },
  async () => {
    await using stage = new Stage();
    const servicePort = await stage.stormService();
    // A transport on which nothing was heard for 2.5 s of these would be given up.
    const detectMs = 3_000;
    const gateway = await stage.gateway({ tunnels: { detectMs } });
    const line = { bytesPerSecond: 2_500_000, delayMs: 10 };
    await using proxy = await startFaultProxy({
      target: { port: gateway.port },
      up: line,
      down: line,
    });
    await stage.agent(proxy.port, [routeTo(HOST, servicePort)], { detectMs });
    await served(gateway.port, HOST, "/verdict");
    using agent = disposable(new Agent({ keepAlive: true }));
    const over = new AbortController();
    const since = performance.now();
    // Several, since a single one is held back by its window too.
    const bulks = 8;
    const length = 1_500_000;
    const bulk = Promise.all(
      Array.from({ length: bulks }, (_, seed) =>
        download({
          entry: { port: gateway.port, host: HOST },
          seed,
          length,
          bytesPerSecond: Infinity,
          moved: () => {},
          signal: new AbortController().signal,
        }),
      ),
    ).then(() => over.abort());
    const times: number[] = [];
    while (!over.signal.aborted) {
      const asked = performance.now();
      await ask({ port: gateway.port, host: HOST, path: "/verdict", agent: agent.value });
      times.push(performance.now() - asked);
    }
    await bulk;
    const tookMs = performance.now() - since;
    times.sort((a, b) => a - b);
    // Of some hundred requests the p99 is nearly the worst, and a busy machine makes one: p95 here.
    expect(times[Math.floor(times.length * 0.95)]).toBeLessThan(250);
    expect((bulks * length) / tookMs / 2_500).toBeGreaterThan(0.6);
    expect((await gateway.tunnels())[0]!.stats.resumes).toBe(0);
  },
);

test(
  "over 50 ms and 50 MB/s a tunnel carries half of what plain TCP does, or more",
  { timeout: 180_000 },
  async () => {
    await using stage = new Stage();
    const servicePort = await stage.stormService();
    const gateway = await stage.gateway();
    const line = { bytesPerSecond: 50_000_000, delayMs: 25 };
    await using proxy = await startFaultProxy({
      target: { port: gateway.port },
      up: line,
      down: line,
    });
    await using plain = await startFaultProxy({
      target: { port: servicePort },
      up: line,
      down: line,
    });
    await stage.agent(proxy.port, [routeTo(HOST, servicePort)]);
    await served(gateway.port, HOST, "/verdict");
    const timed = async (port: number) => {
      const since = performance.now();
      await download({
        entry: { port, host: HOST },
        seed: 1,
        length: 100_000_000,
        bytesPerSecond: Infinity,
        moved: () => {},
        signal: new AbortController().signal,
      });
      return performance.now() - since;
    };
    const ratios: number[] = [];
    for (let i = 0; i < 3; i++)
      ratios.push((await timed(plain.port)) / (await timed(gateway.port)));
    // 0.84 to 0.9 where nothing else runs, which is what the bench asks for. Without windows that
    // grow it is 0.02, without the bound that follows them 0.1.
    expect(Math.max(...ratios)).toBeGreaterThan(0.5);
  },
);

function disposable(value: Agent) {
  return { value, [Symbol.dispose]: () => value.destroy() };
}
