import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { startFaultProxy } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { cutRepeatedly } from "./_kit/cuts.ts";
import { pseudoRandom, pseudoRandomDigest } from "./_kit/pseudo-random.ts";
import { startStormService } from "./_kit/storm-service.ts";
import { startStorm, type StormOptions } from "./_kit/storm.ts";

const SMALL: Omit<StormOptions, "entry" | "servicePort"> = {
  sockets: 100,
  everyMs: 50,
  downloads: 3,
  uploads: 3,
  transferBytes: 1_000_001,
  bytesPerSecond: Infinity,
  repeat: false,
};

describe("a storm without a tunnel", () => {
  test("is clean, both ways", async () => {
    await using service = await startStormService();
    const entry = { port: service.port, host: "storm.test" };
    using storm = await startStorm({ ...SMALL, entry, servicePort: service.port });
    const verdict = await storm.finish();
    expect(verdict).toMatchObject({
      all: [],
      downloads: 3,
      uploads: 3,
      transferredBytes: 6 * 1_000_001,
      service: { faults: [], opened: 100, closed: 100, messages: verdict.sent },
    });
  });

  test("goes on until it is finished, where asked to", async () => {
    await using service = await startStormService();
    const entry = { port: service.port, host: "storm.test" };
    const options = { ...SMALL, repeat: true, entry, servicePort: service.port };
    using storm = await startStorm(options);
    while (storm.progress.downloads < 10) await new Promise(setImmediate);
    const verdict = await storm.finish();
    expect(verdict.all).toEqual([]);
    expect(verdict.transferredBytes).toBe((verdict.downloads + verdict.uploads) * 1_000_001);
  });

  test("keeps to its pace", async () => {
    await using service = await startStormService();
    const entry = { port: service.port, host: "storm.test" };
    const slow = { ...SMALL, sockets: 1, bytesPerSecond: 2_000_000 };
    const started = performance.now();
    using storm = await startStorm({ ...slow, entry, servicePort: service.port });
    expect((await storm.finish()).all).toEqual([]);
    expect(performance.now() - started).toBeGreaterThan(350);
  });
});

describe("a storm notices", () => {
  test("cuts", async () => {
    await using service = await startStormService();
    await using proxy = await startFaultProxy({ target: { port: service.port } });
    const entry = { port: proxy.port, host: "storm.test" };
    // Longer than all the buffers on the way.
    const long = { downloads: 1, uploads: 1, transferBytes: 32_000_000, bytesPerSecond: 8_000_000 };
    const options = { ...SMALL, ...long, entry, servicePort: service.port };
    using storm = await startStorm(options);
    await proxy.connected(SMALL.sockets + 2);
    proxy.cut("rst");
    const { all, downloads, uploads } = await storm.finish();
    expect(all.length).toBeGreaterThanOrEqual(SMALL.sockets + 2);
    expect({ downloads, uploads }).toEqual({ downloads: 0, uploads: 0 });
  });

  test("the first of many cuts, and no more are made", async () => {
    await using service = await startStormService();
    await using proxy = await startFaultProxy({ target: { port: service.port } });
    const entry = { port: proxy.port, host: "storm.test" };
    const options = { ...SMALL, downloads: 0, uploads: 0, entry, servicePort: service.port };
    using storm = await startStorm(options);
    const times = { lastingMs: 10, recoverMs: 10_000, pauseMs: 10 };
    const cutting = cutRepeatedly({ proxy, storm, cuts: 3, ...times, onCut: () => {} });
    await expect(cutting).rejects.toThrow(/^after rst: socket \d+/);
    expect(proxy.counts.cut).toBe(SMALL.sockets);
  });

  test.each([
    {
      name: "a message that came twice",
      mangle: (bytes: Buffer) => Buffer.concat([bytes, bytes]),
      there: /^socket 0 had 1, then message 1 of socket 0$/,
    },
    {
      name: "a message that never came",
      mangle: () => Buffer.alloc(0),
      there: /^socket 0 had 0, then message 2 of socket 0$/,
    },
    {
      name: "a byte that changed",
      mangle: (bytes: Buffer) => Buffer.from(bytes).fill(255, bytes.length - 1),
      there: /with other bytes than were sent$/,
    },
    {
      name: "a message of another socket",
      // Behind two bytes of header and four of mask: the socket's number.
      mangle: (bytes: Buffer) => Buffer.from(bytes).fill(100, 9, 10),
      there: /^socket 100 had 1, then message 2 of socket 0$/,
    },
  ])("$name", async ({ mangle, there }) => {
    await using service = await startStormService();
    await using path = await manglingProxy(service.port, mangle);
    const entry = { port: path.port, host: "storm.test" };
    const one = { ...SMALL, sockets: 1, downloads: 0, uploads: 0 };
    using _storm = await startStorm({ ...one, entry, servicePort: service.port });
    await path.passed;
    expect(service.verdict.faults[0]).toMatch(there);
  });
});

const bytes = (seed: number, length: number) => Buffer.concat([...pseudoRandom(seed, length)]);

test("pseudo-random bytes follow from seed and length alone", () => {
  expect(bytes(1, 100_000).equals(bytes(1, 100_000))).toBe(true);
  expect(bytes(1, 100_000).equals(bytes(2, 100_000))).toBe(false);
  expect(bytes(1, 70_000).equals(bytes(1, 100_000).subarray(0, 70_000))).toBe(true);
  expect(pseudoRandomDigest(1, 10)).not.toBe(pseudoRandomDigest(1, 11));
});

/** Passes all but the first bytes that follow the upgrade towards the service, which it mangles. */
async function manglingProxy(target: number, mangle: (bytes: Buffer) => Buffer) {
  const sockets: Socket[] = [];
  const passed = Promise.withResolvers<void>();
  const server = createServer((client) => {
    const far = connect({ port: target, host: "127.0.0.1" });
    sockets.push(client, far);
    let pieces = 0;
    client.on("data", (bytes: Buffer) => {
      pieces++;
      far.write(pieces === 2 ? mangle(bytes) : bytes);
      if (pieces > 2) far.once("data", () => passed.resolve());
    });
    far.pipe(client);
    for (const socket of [client, far]) socket.on("error", () => {});
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    /** A message after the mangled one has been answered. */
    passed: passed.promise,
    async [Symbol.asyncDispose]() {
      const closed = once(server.close(), "close");
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
