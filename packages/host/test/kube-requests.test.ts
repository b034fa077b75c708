import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../src/index.ts";
import {
  EVERYTHING,
  INGRESSES,
  kubeClient,
  openAccess,
  SERVICES,
  type KubeAccess,
} from "../src/kube/index.ts";
import { leapingClock, RawService, startKubeApi, type RawEnd } from "../src/testing/index.ts";

/** A server that says what a test makes it say. */
async function rawServer(onConnection?: (end: RawEnd) => void) {
  const service = await RawService.start(onConnection);
  onTestFinished(() => service[Symbol.dispose]());
  const clock = leapingClock();
  const access: KubeAccess = {
    ...openAccess(`http://127.0.0.1:${service.port}`),
    credentials: async () => ({
      ...(await openAccess("http://unused").credentials(false)),
      token: "t0p-secret",
    }),
  };
  const said = { userAgent: "test", fieldManager: "test", timeoutMs: 5_000 };
  const client = kubeClient({ access, clock, ...said });
  onTestFinished(() => client[Symbol.dispose]());
  return { service, client, clock };
}

const answer = (body: string, status = "200 OK", headers = "") =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
const VERSION = '{"major":"1","minor":"32","gitVersion":"v1.32.0"}';

describe("a call", () => {
  test.each([
    { name: "too many requests", code: 429, reason: "TooManyRequests" },
    { name: "a server that is starting", code: 503, reason: "ServiceUnavailable" },
  ])("waits as long as it is told, after $name", async ({ code, reason }) => {
    await using api = await startKubeApi();
    const clock = leapingClock();
    api.refuse({ verb: "list" }, { code, reason, retryAfterSeconds: 3 }, 2);
    const listed = api.client({ clock }).list(SERVICES, EVERYTHING);
    await api.until(() => api.requests.length === 1);
    // The wait begins when the answer has been read.
    const leaping = setInterval(() => clock.leap(1_000), 5);
    onTestFinished(() => clearInterval(leaping));
    await listed;
    expect(api.requests.map(({ status }) => status)).toEqual([code, code, 200]);
  });

  test("waits a second also where it is told that it need not", async () => {
    await using api = await startKubeApi();
    const clock = leapingClock();
    const said = { code: 429, reason: "TooManyRequests", retryAfterSeconds: 0 };
    api.refuse({ verb: "list" }, said, 3);
    const client = api.client({ clock }).within({ timeoutMs: 3_600_000 });
    const began = clock.now();
    const listed = client.list(SERVICES, EVERYTHING);
    const leaping = setInterval(() => clock.leap(100), 1);
    onTestFinished(() => clearInterval(leaping));
    await listed;
    expect(clock.now() - began).toBeGreaterThanOrEqual(3_000);
  });

  test.each([429, 500, 503])(
    "is not asked again by itself after a %i that does not say when",
    async (code) => {
      await using api = await startKubeApi();
      api.refuse({ verb: "list" }, { code, reason: "Busy" }, 100);
      const listed = api.client().list(SERVICES, EVERYTHING);
      await expect(listed).rejects.toMatchObject({ status: code, retryAfterMs: undefined });
      expect(api.requests.length).toBe(1);
    },
  );

  test("says what the server said when that asks for more time than there is", async () => {
    await using api = await startKubeApi();
    const clock = leapingClock();
    const said = { code: 429, reason: "TooManyRequests", retryAfterSeconds: 60 };
    api.refuse({ verb: "list" }, said, 100);
    const listed = api.client({ clock }).list(SERVICES, EVERYTHING);
    const leaping = setInterval(() => clock.leap(1_000), 5);
    onTestFinished(() => clearInterval(leaping));
    await expect(listed).rejects.toMatchObject({ status: 429, retryAfterMs: 60_000 });
  });

  test("that is not answered ends in its time", async () => {
    const { service, client, clock } = await rawServer();
    const asked = client.version();
    await (await service.connection()).has("\r\n\r\n");
    clock.leap(5_000);
    await expect(asked).rejects.toMatchObject({ status: 0, reason: "Timeout" });
  });

  test("that is answered by halves ends in its time", async () => {
    const { service, client, clock } = await rawServer();
    const asked = client.version();
    const end = await (await service.connection()).has("\r\n\r\n");
    end.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"major":');
    clock.leap(5_000);
    await expect(asked).rejects.toMatchObject({ reason: "Timeout" });
  });

  test("ends with its signal, with that one's reason", async () => {
    const { service, client } = await rawServer();
    const abort = new AbortController();
    const asked = client.within({ signal: abort.signal }).version();
    await (await service.connection()).has("\r\n\r\n");
    abort.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
    await expect(client.within({ signal: abort.signal }).version()).rejects.toThrow("enough");
  });

  test.each([
    {
      name: "a page of a proxy",
      said: answer("<html>", "502 Bad Gateway"),
      status: 502,
      reason: "Unknown",
    },
    { name: "200 and a page", said: answer("<html>"), status: 200, reason: "Unreadable" },
    {
      name: "401 without a Status, twice",
      said: answer("", "401 Unauthorized"),
      status: 401,
      reason: "Unauthorized",
    },
    {
      name: "an end in the middle",
      said: answer("{}").slice(0, -1),
      status: 0,
      reason: "Unreachable",
    },
    { name: "what is no HTTP", said: "hello\r\n\r\n", status: 0, reason: "Unreachable" },
    {
      name: "a Status that says for how long",
      said: answer(
        '{"kind":"Status","reason":"Expired","message":"old","code":410,"details":{"retryAfterSeconds":2}}',
        "410 Gone",
      ),
      status: 410,
      reason: "Expired",
    },
  ])(
    "that is answered with $name says so, and nothing secret",
    async ({ said, status, reason }) => {
      const { client } = await rawServer((end) => {
        end.socket.on("data", () => end.socket.end(said));
      });
      const failed = await client.list(INGRESSES, EVERYTHING).catch((error: unknown) => error);
      expect(failed).toMatchObject({ name: "KubeError", status, reason });
      expect(String(failed)).not.toContain("secret");
      expect(String(failed)).toContain("list ingresses.networking.k8s.io");
    },
  );

  test("that only reads is asked again when its kept connection was closed meanwhile", async () => {
    let connections = 0;
    const { client } = await rawServer((end) => {
      connections += 1;
      let asked = 0;
      end.socket.on("data", () => {
        asked += 1;
        // The first connection answers once, and is then gone just when it is used.
        if (connections === 1 && asked === 2) end.socket.destroy();
        else end.send(answer(VERSION));
      });
    });
    await client.version();
    expect((await client.version()).minor).toBe("32");
    expect(connections).toBe(2);
  });

  test("that writes is not asked twice: it may have been done", async () => {
    let asked = 0;
    const { client } = await rawServer((end) => {
      end.socket.on("data", () => {
        asked += 1;
        if (asked === 2) end.socket.destroy();
        else end.send(answer(VERSION));
      });
    });
    await client.version();
    const metadata = { namespace: "default", name: "web" };
    const made = client.create(INGRESSES, { metadata });
    await expect(made).rejects.toMatchObject({ reason: "Unreachable" });
    expect(asked).toBe(2);
  });

  test("is one of a thousand on few connections, and none waits for a stream", async () => {
    await using api = await startKubeApi();
    const ports = new Set<number | undefined>();
    api.intercept(({ request }) => {
      ports.add(request.socket.remotePort);
      return false;
    });
    const client = api.client();
    const from = { select: EVERYTHING, resourceVersion: "", timeoutSeconds: 300 };
    const streams = Array.from({ length: 40 }, () => client.watch(SERVICES, from));
    const opened = streams.map((stream) => stream.next());
    await api.until(() => api.streams === 40);
    await Promise.all(Array.from({ length: 1_000 }, () => client.list(INGRESSES, EVERYTHING)));
    expect(ports.size).toBeLessThanOrEqual(40 + 32);
    api.endStreams();
    await Promise.all(opened);
  });

  test("to nobody says so", async () => {
    const access = openAccess("http://127.0.0.1:1");
    const said = { userAgent: "test", fieldManager: "test", timeoutMs: 5_000 };
    using client = kubeClient({ access, clock: systemClock, ...said });
    await expect(client.version()).rejects.toMatchObject({ reason: "Unreachable" });
  });
});
