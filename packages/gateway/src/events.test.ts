import { describe, expect, test } from "vitest";
import { promMetrics, type Metrics } from "@warren/host";
import { recordingLog, silentLog, type RecordingLog } from "@warren/host/testing";
import type { TunnelStats } from "@warren/tunnel";
import { WireError } from "@warren/wire";
import { Events, type AnsweredRequest } from "./events.ts";

const request: AnsweredRequest = {
  clusterUuid: "abc-123",
  host: "my-app.example.com",
  target: "/api/users?token=s3cret",
  method: "GET",
  status: 200,
  requestId: "r1",
  bytesIn: 0,
  bytesOut: 12,
  code: undefined,
};
const tunnel = { tunnelId: "0123456789abcdef", clusterUuid: "c1", cluster: "home", agentId: "a1" };

function open(some: { requestLog?: boolean; mostClusters?: number } = {}): {
  events: Events;
  log: RecordingLog;
  metrics: Metrics;
  /** The samples whose line begins so. */
  samples: (start: string) => Promise<string[]>;
} {
  const log = recordingLog();
  const metrics = promMetrics();
  const events = new Events({ log, metrics, requestLog: true, mostClusters: 100, ...some });
  const samples = async (start: string): Promise<string[]> =>
    (await metrics.text()).split("\n").filter((line) => line.startsWith(start));
  return { events, log, metrics, samples };
}

describe("a request that was answered", () => {
  test("is one line in the seed's words, without the query", () => {
    const { events, log } = open();
    events.requestAnswered(request, 45.0004);
    expect(log.lines).toEqual([
      {
        level: "info",
        msg: "Gateway proxy request",
        fields: {
          cluster_uuid: "abc-123",
          host: "my-app.example.com",
          path: "/api/users",
          method: "GET",
          status: 200,
          duration_ms: 45,
          request_id: "r1",
          bytes_in: 0,
          bytes_out: 12,
          code: undefined,
        },
      },
    ]);
  });

  test("is counted with the exact names", async () => {
    const { events, samples } = open();
    events.requestAnswered(request, 45);
    events.requestAnswered({ ...request, status: 503, code: "cluster_offline" }, 1);
    expect(await samples("gateway_requests_total")).toEqual([
      'gateway_requests_total{cluster_uuid="abc-123",status_code="200"} 1',
      'gateway_requests_total{cluster_uuid="abc-123",status_code="503"} 1',
    ]);
    expect(await samples("gateway_request_duration_seconds_count")).toEqual([
      'gateway_request_duration_seconds_count{cluster_uuid="abc-123"} 2',
    ]);
    expect(await samples("gateway_requests_rejected_total")).toEqual([
      'gateway_requests_rejected_total{code="cluster_offline"} 1',
    ]);
  });

  test.each([
    { code: "rate_limited", status: 429, metric: "gateway_rate_limited_total" },
    { code: "unauthorized", status: 401, metric: "gateway_password_failures_total" },
  ] as const)("$code has a count of its own", async ({ code, status, metric }) => {
    const { events, samples } = open();
    events.requestAnswered({ ...request, status, code }, 1);
    expect(await samples(metric)).toEqual([`${metric}{cluster_uuid="abc-123"} 1`]);
  });

  test("cannot write a second line, nor move the terminal's cursor, nor fill the disk", () => {
    const { events, log } = open();
    const target = `/a\r\n{"msg":"forged"}\u001b[2J\u0085${"x".repeat(10_000)}`;
    events.requestAnswered({ ...request, host: "a\nb", target }, 1);
    const { host, path } = log.lines[0]!.fields as { host: string; path: string };
    expect(host).toBe("a�b");
    expect(path).toMatch(/^\/a��\{"msg":"forged"\}�\[2J�x+…$/);
    expect(path.length).toBeLessThan(2100);
  });

  test("reads nothing that is only for the log when that is off", () => {
    const { events, log } = open({ requestLog: false });
    const touchy = {
      ...request,
      get target(): string {
        throw new Error("was read");
      },
    };
    events.requestAnswered(touchy, 1);
    expect(log.lines).toEqual([]);
    const quiet = new Events({
      log: silentLog(),
      metrics: promMetrics(),
      requestLog: true,
      mostClusters: 1,
    });
    expect(() => quiet.requestAnswered(touchy, 1)).not.toThrow();
  });

  test("of clusters beyond the bound is counted together; statuses outside of HTTP too", async () => {
    const { events, samples } = open({ mostClusters: 2 });
    for (const clusterUuid of ["a", "b", "c", "d", "a"])
      events.requestAnswered({ ...request, clusterUuid }, 1);
    for (const status of [99, 600, 12_345])
      events.requestAnswered({ ...request, status, clusterUuid: "a" }, 1);
    expect(await samples("gateway_requests_total")).toEqual([
      'gateway_requests_total{cluster_uuid="a",status_code="200"} 2',
      'gateway_requests_total{cluster_uuid="b",status_code="200"} 1',
      'gateway_requests_total{cluster_uuid="other",status_code="200"} 2',
      'gateway_requests_total{cluster_uuid="a",status_code="0"} 3',
    ]);
  });
});

const stats = (some: Partial<TunnelStats>): TunnelStats => ({
  streams: 0,
  opened: 0,
  bytesSent: 0,
  bytesReceived: 0,
  resumes: 0,
  stalls: 0,
  rttMs: undefined,
  bytesPerSecond: 0,
  inFlightBytes: 0,
  capBytes: 65_536,
  replayBytes: 0,
  mostReplayBytes: 0,
  lentBytes: 0,
  queuedBytes: 0,
  ...some,
});

describe("tunnels", () => {
  test("are summed per cluster; totals outlive them, gauges do not", async () => {
    const { events, samples } = open();
    let now = stats({ streams: 2, bytesSent: 100, rttMs: 20, lentBytes: 7 });
    events.tunnelUp(tunnel, false, () => now);
    events.tunnelUp({ ...tunnel, tunnelId: "2" }, false, () =>
      stats({ streams: 1, bytesSent: 5, rttMs: 50 }),
    );
    expect(await samples("gateway_tunnels{")).toEqual(['gateway_tunnels{cluster_uuid="c1"} 2']);
    expect(await samples("gateway_tunnel_streams{")).toEqual([
      'gateway_tunnel_streams{cluster_uuid="c1"} 3',
    ]);
    expect(await samples("gateway_tunnel_rtt_seconds")).toEqual([
      'gateway_tunnel_rtt_seconds{cluster_uuid="c1"} 0.05',
    ]);
    expect(await samples("gateway_tunnel_lent_bytes")).toEqual([
      'gateway_tunnel_lent_bytes{cluster_uuid="c1"} 7',
    ]);
    now = stats({ bytesSent: 150, resumes: 1, stalls: 3 });
    events.tunnelUp(tunnel, true, () => now);
    events.tunnelGone(tunnel, new WireError("tunnel_lost", "never came back"));
    events.tunnelGone(
      { ...tunnel, tunnelId: "2" },
      new WireError("tunnel_lost", "never came back"),
    );
    expect(await samples("gateway_tunnel_bytes_total")).toEqual([
      'gateway_tunnel_bytes_total{cluster_uuid="c1",direction="out"} 155',
      'gateway_tunnel_bytes_total{cluster_uuid="c1",direction="in"} 0',
    ]);
    expect(await samples("gateway_tunnel_resumes_total")).toEqual([
      'gateway_tunnel_resumes_total{cluster_uuid="c1"} 1',
    ]);
    expect(await samples("gateway_tunnel_stalls_total")).toEqual([
      'gateway_tunnel_stalls_total{cluster_uuid="c1"} 3',
    ]);
    expect(await samples("gateway_tunnels{")).toEqual(['gateway_tunnels{cluster_uuid="c1"} 0']);
  });

  test("health is 1 while one is connected", async () => {
    const { events, samples } = open();
    events.clusterConnected("c1", 2);
    expect(await samples("gateway_tunnel_health")).toEqual([
      'gateway_tunnel_health{cluster_uuid="c1"} 1',
    ]);
    events.clusterConnected("c1", 0);
    expect(await samples("gateway_tunnel_health")).toEqual([
      'gateway_tunnel_health{cluster_uuid="c1"} 0',
    ]);
  });

  test("no line holds a whole tunnel id, with which one could resume it", () => {
    const { events, log } = open();
    events.tunnelUp(tunnel, false, () => stats({}));
    events.tunnelDown(tunnel, "reset");
    events.tunnelGone(tunnel, new WireError("protocol_error", "bad frame"));
    expect(log.lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      "info tunnel connected",
      "info tunnel disconnected",
      "warn tunnel gone",
    ]);
    expect(JSON.stringify(log.lines)).not.toContain(tunnel.tunnelId);
  });
});

test("every metric moves", async () => {
  const { events, metrics } = open();
  events.requestAnswered({ ...request, status: 429, code: "rate_limited" }, 1);
  events.requestAnswered({ ...request, status: 401, code: "unauthorized" }, 1);
  events.requestUnreadable(new WireError("bad_request", "x"), "192.0.2.1");
  events.connectionOpened("h2");
  events.tcpOpened("c1");
  events.tcpOpened("c1");
  events.tcpClosed({
    clusterUuid: "c1",
    route: "r",
    address: "192.0.2.1",
    bytesIn: 1,
    bytesOut: 2,
    durationMs: 3,
    error: undefined,
  });
  const busy = {
    streams: 1,
    opened: 1,
    bytesSent: 1,
    bytesReceived: 1,
    resumes: 1,
    stalls: 1,
    rttMs: 1,
    bytesPerSecond: 1,
    inFlightBytes: 1,
    capBytes: 1,
    replayBytes: 1,
    mostReplayBytes: 1,
    lentBytes: 1,
    queuedBytes: 1,
  };
  events.tunnelUp(tunnel, false, () => busy);
  events.clusterConnected("c1", 1);
  events.credentialRefused("agent", "192.0.2.1", new WireError("unauthorized", "no"));
  events.routesPublished("c1", 3);
  events.endpointRebound("lb.test");
  events.certificateLoaded({
    name: "a",
    hosts: ["a"],
    validFrom: 0,
    expiresAt: 5000,
    digest: "",
    pem: {} as never,
    context: {} as never,
  });
  const text = await metrics.text();
  for (const { name } of metrics.declared) {
    const ofIt = text.split("\n").filter((line) => line.startsWith(name));
    const moved = ofIt.some((line) => Number(line.slice(line.lastIndexOf(" "))) > 0);
    expect(moved, name).toBe(true);
  }
  events.registryAway(new Error("ECONNREFUSED"));
  expect(await metrics.text()).toContain("gateway_registry_up 0");
});

test("a registry that is away is an error once, and its return is told", async () => {
  const { events, log, metrics } = open();
  for (let i = 0; i < 3; i++) events.registryAway(new Error("ECONNREFUSED"));
  expect(await metrics.text()).toContain("gateway_registry_up 0");
  for (let i = 0; i < 3; i++) events.registryBack();
  expect(await metrics.text()).toContain("gateway_registry_up 1");
  expect(log.lines.filter(({ level }) => level !== "debug").map(({ msg }) => msg)).toEqual([
    "registry away",
    "registry back",
  ]);
});

test("a message that is rejected whole does not fill the log", async () => {
  const { events, log } = open();
  const one = { host: "a.test", path: "/", code: "host_taken" as const, message: "taken" };
  events.routesRejected(
    "c1",
    Array.from({ length: 100_000 }, () => one),
  );
  expect(log.lines).toHaveLength(11);
  expect(log.lines.at(-1)).toMatchObject({ msg: "more routes rejected", fields: { more: 99_990 } });
});
