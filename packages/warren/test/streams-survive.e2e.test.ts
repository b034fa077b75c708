import { startFaultProxy } from "@warren/host/testing";
import { FLOOR_BYTES } from "@warren/wire";
import { expect, test } from "vitest";
import { served } from "./_kit/ask.ts";
import { routeTo } from "./_kit/configs.ts";
import { CUT_KINDS, cutRepeatedly } from "./_kit/cuts.ts";
import { Stage } from "./_kit/stage.ts";
import { startStorm } from "./_kit/storm.ts";

const HOST = "storm.test";
const CUTS = 20;
const TRANSFER_BYTES = 50_000_000;
/** At least 33 s for a transfer, so that all are under way at every cut. */
const BYTES_PER_SECOND = 1_500_000;

test(
  "1,000 WebSockets, 20 downloads and 20 uploads of 50 MB outlive 20 cuts of all kinds",
  { timeout: 180_000 },
  async () => {
    await using stage = new Stage();
    const servicePort = await stage.stormService();
    const gateway = await stage.gateway({ tunnels: { detectMs: 1_000 } });
    await using proxy = await startFaultProxy({ target: { port: gateway.port } });
    await stage.agent(proxy.port, [routeTo(HOST, servicePort)], { detectMs: 1_000 });
    await served(gateway.port, HOST, "/verdict");
    using storm = await startStorm({
      entry: { port: gateway.port, host: HOST },
      servicePort,
      sockets: 1_000,
      everyMs: 1_000,
      downloads: 20,
      uploads: 20,
      transferBytes: TRANSFER_BYTES,
      bytesPerSecond: BYTES_PER_SECOND,
      repeat: false,
    });
    const kinds = new Set<string>();
    await cutRepeatedly({
      proxy,
      storm,
      cuts: CUTS,
      lastingMs: 500,
      recoverMs: 15_000,
      pauseMs: 500,
      onCut: ({ kind }) => void kinds.add(kind),
    });
    const underWay = 40 - storm.progress.downloads - storm.progress.uploads;
    const verdict = await storm.finish();
    expect(verdict).toMatchObject({
      all: [],
      downloads: 20,
      uploads: 20,
      transferredBytes: 40 * TRANSFER_BYTES,
      echoed: verdict.sent,
      service: { faults: [], opened: 1_000, closed: 1_000, messages: verdict.sent },
    });
    expect([...kinds].toSorted()).toEqual([...CUT_KINDS].toSorted());
    expect(underWay).toBe(40);
    const { stats } = (await gateway.tunnels())[0]!;
    expect(stats.resumes).toBeGreaterThanOrEqual(CUTS);
    expect(stats.streams).toBe(0);
    // DESIGN §3: floors, the pool, and 1 MiB of control.
    const kept = 1_040 * FLOOR_BYTES + 16 * 1_048_576 + 1_048_576;
    expect(stats.mostReplayBytes).toBeLessThanOrEqual(kept);
  },
);
