/** Nothing that anybody asked for is lost when a process of the fleet is told to go. */
import { programPath } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { activatedSocket } from "./_kit/activation.ts";
import { Fleet, freePort, tunnelsOf } from "./_kit/fleet.ts";
import { startHaproxy } from "./_kit/haproxy.ts";
import { Load } from "./_kit/load.ts";
import { trafficService } from "./_kit/traffic-service.ts";
import { openEvents, openSocket } from "./_kit/watch.ts";
import { BIN } from "./_cli.ts";

const HOST = "app.test";
const REQUESTS = 10_000;
const TOGETHER = 16;
/** 20 s of events. */
const TICKS = 80;
const DRAIN = ["--drain-deadline", "30s"];
const LONG_MS = 120_000;

const haproxy = programPath("haproxy");
const redis = programPath("redis-server");

/** Load, a stream of events and WebSockets at `port` while `leave` makes something go. */
async function drained(port: number, leave: () => Promise<unknown>) {
  const where = { port, host: HOST };
  const load = new Load({ ...where, together: TOGETHER, hasty: REQUESTS });
  await load.more(REQUESTS / 5);
  const [{ events }, ...sockets] = await Promise.all([
    openEvents(where, TICKS),
    openSocket(where),
    openSocket(where),
    openSocket(where),
    openSocket(where),
  ]);
  const gone = leave();
  await load.more((REQUESTS / 5) * 4);
  const heard = await events;
  await gone;
  await load.more(200);
  await load.stop();
  const result = { requests: load.answered, slowestMs: Math.round(load.slowestMs) };
  process.stderr.write(`${expect.getState().currentTestName}: ${JSON.stringify(result)}\n`);
  return { load, heard, sockets };
}

/** As many as went over who left were told so, in the proper way; the others are still open. */
async function farewells(sockets: Awaited<ReturnType<typeof openSocket>>[]) {
  const seen = [];
  for (const socket of sockets) {
    const open = new Promise<"open">((resolve) => setTimeout(resolve, 500, "open"));
    const ended = await Promise.race([socket.closed, open]);
    socket.end();
    seen.push(ended);
  }
  return seen;
}

const SAID_1012 = { code: 1012, wrong: [] };

describe("a drain under load", () => {
  test(
    "of an agent beside another one",
    async () => {
      await using service = await trafficService();
      await using fleet = new Fleet();
      const gateway = await fleet.gateway();
      const { file } = await fleet.token();
      const words = ["--gateway", `ws://127.0.0.1:${gateway.port}`, "--token-file", file];
      const publish = ["--service", `${HOST}=${service.port}`, ...DRAIN];
      const going = await fleet.agent([...words, ...publish]);
      await fleet.agent([...words, ...publish]);
      const { load, heard, sockets } = await drained(gateway.port, () => {
        going.signal("SIGTERM");
        return going.ended().then(({ code }) => expect(code).toBe(0));
      });
      expect(load.failures).toEqual([]);
      expect(load.answered).toBeGreaterThanOrEqual(REQUESTS);
      expect(heard).toHaveLength(TICKS);
      const seen = await farewells(sockets);
      expect(seen).toContainEqual(SAID_1012);
      expect(seen).toContain("open");
      expect(seen.filter((one) => one !== "open")).toEqual(
        seen.filter((one) => one !== "open").map(() => SAID_1012),
      );
      expect(await tunnelsOf(gateway)).toHaveLength(1);
    },
    LONG_MS,
  );

  test.skipIf(haproxy === undefined || redis === undefined)(
    "of one of two gateways behind haproxy",
    async () => {
      const { privateRedis } = await import("@warren/host/testing");
      await using store = await privateRedis(redis!);
      await using service = await trafficService();
      await using fleet = new Fleet();
      const more = [...DRAIN, "--drain-delay", "1s"];
      const first = await fleet.gateway({ redis: store.url, more });
      const second = await fleet.gateway({ redis: store.url, more });
      const { file } = await fleet.token();
      await fleet.agent([
        "--gateway",
        `ws://127.0.0.1:${first.port}`,
        "--token-file",
        file,
        "--service",
        `${HOST}=${service.port}`,
      ]);
      await expect.poll(() => tunnelsOf(second), { timeout: 20_000 }).toHaveLength(1);
      await using balancer = await startHaproxy(haproxy!, [first, second]);
      const { load, heard, sockets } = await drained(balancer.port, () => {
        first.cli.signal("SIGTERM");
        return first.cli.ended().then(({ code }) => expect(code).toBe(0));
      });
      expect(load.failures).toEqual([]);
      expect(load.answered).toBeGreaterThanOrEqual(REQUESTS);
      expect(heard).toHaveLength(TICKS);
      const seen = await farewells(sockets);
      expect(seen).toContainEqual(SAID_1012);
      expect(seen).toContain("open");
    },
    LONG_MS,
  );

  test(
    "of a gateway that hands its listener over",
    async () => {
      await using service = await trafficService();
      await using fleet = new Fleet();
      await using socket = await activatedSocket();
      const { file } = await fleet.token();
      const activated = async (id: string) => {
        const adminPort = await freePort();
        const words = fleet.gatewayWords(id, adminPort, "shared");
        const started = await socket.start({
          command: process.execPath,
          args: [BIN, ...words, ...DRAIN],
          env: { LISTEN_FDNAMES: "http" },
        });
        await expect.poll(() => ready(adminPort), { timeout: 20_000 }).toBe(200);
        return { ...started, adminPort };
      };
      const old = await activated("old");
      await fleet.agent([
        "--gateway",
        `ws://127.0.0.1:${socket.port}`,
        "--token-file",
        file,
        "--service",
        `${HOST}=${service.port}`,
      ]);
      const { load, heard, sockets } = await drained(socket.port, async () => {
        await activated("new");
        process.kill(old.pid, "SIGTERM");
        expect(await old.exited).toBe(0);
      });
      expect(load.failures).toEqual([]);
      expect(load.answered).toBeGreaterThanOrEqual(REQUESTS);
      expect(heard).toHaveLength(TICKS);
      expect(await farewells(sockets)).toEqual(sockets.map(() => SAID_1012));
    },
    LONG_MS,
  );
});

async function ready(adminPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined);
  return answer?.status ?? 0;
}
