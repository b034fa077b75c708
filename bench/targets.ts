/** A number of one contender in one act: what a row is made of. */
export interface Figure {
  act: string;
  contender: string;
  measure: string;
  number: string;
}

/** One row of the table: a figure of ours, maybe against another, and what it should be. */
export interface Target {
  what: string;
  ours: Figure;
  /** Absent: the figure itself. */
  against?: { figure: Figure; by: "ratio" | "difference" };
  unit: "x" | "ms" | "bytes" | "/s" | "cores" | "requests";
  /** Absent: only told. */
  bound?: { least: number } | { most: number };
}

type Compared = Pick<Figure, "measure" | "number">;

/** Warren by another contender of the act "proxying". */
function ratio(what: string, contender: string, of: Compared, bound?: Target["bound"]): Target {
  const figure = (contender: string) => ({ act: "proxying", contender, ...of });
  return {
    what,
    ours: figure("warren"),
    against: { figure: figure(contender), by: "ratio" },
    unit: "x",
    ...(bound && { bound }),
  };
}

/** CPU per request of one variant of Warren by another one. */
function cost(what: string, act: string, names: [string, string], bound?: Target["bound"]): Target {
  const figure = (contender: string) => ({ act, contender, ...cpu });
  return {
    what,
    ours: figure(names[1]),
    against: { figure: figure(names[0]), by: "ratio" },
    unit: "x",
    ...(bound && { bound }),
  };
}

const cpu = { measure: "small GET", number: "cpuMicrosPerRequest" };
const speed = { measure: "small GET", number: "requestsPerSecond" };
const oneBulk = { measure: "one 100 MB GET", number: "MBPerSecond" };
const p99 = { measure: "small GET", number: "p99Ms" };
const down = { measure: "100 MB", number: "getMBPerSecond" };
const up = { measure: "100 MB", number: "postMBPerSecond" };
const echo = { measure: "WebSocket echo", number: "p50Micros" };
const lag = { measure: "SSE", number: "p99Ms" };
const memory = (part: string): Figure => ({
  act: "memory",
  contender: "warren",
  measure: "idle WebSockets",
  number: `${part}Bytes`,
});
const lookUps = (number: string): Figure => ({
  act: "look-ups",
  contender: "warren",
  measure: "look-ups",
  number,
});
const synced = (what: string, number: string): Figure => ({
  act: what,
  contender: "warren",
  measure: what,
  number,
});
/** Objects of a cluster that an agent publishes. */
const syncs = (kind: string, what: string): Target[] => [
  {
    what: `1,000 ${kind}, from an agent's start until the gateway serves them`,
    ours: synced(what, "thousandMs"),
    unit: "ms",
    bound: { most: 5_000 },
  },
  {
    what: `one change among 10,000 ${kind}, by one among 10`,
    ours: synced(what, "amongTenThousandMicros"),
    against: { figure: synced(what, "amongTenMicros"), by: "ratio" },
    unit: "x",
    // The API server of the bench is in it, with a heap of its own.
    bound: { most: 1.25 },
  },
];
const inCluster = (what: string, number: string, most: number): Target => ({
  what,
  ours: synced("Kubernetes", number),
  unit: "ms",
  bound: { most },
});
/** What people wait for in a cluster. */
const KUBERNETES: readonly Target[] = [
  inCluster("an Ingress that is added, until the gateway serves it, p95 of 50", "addP95Ms", 1_000),
  inCluster("an Ingress that is changed, p95 of 50", "changeP95Ms", 1_000),
  inCluster("an Ingress that is deleted, p95 of 50", "deleteP95Ms", 1_000),
  inCluster("a change as the leader is killed, slowest of 3", "killedMs", 15_000),
  inCluster("a change as the leader stops, slowest of 3", "stoppedMs", 3_000),
  {
    what: "a visitor's requests that failed meanwhile",
    ours: synced("Kubernetes", "failed"),
    unit: "requests",
    // Of three kills: what was written to each agent before its death was known (docs/decisions/0422).
    bound: { most: 3 },
  },
  {
    what: "a visitor's requests meanwhile",
    ours: synced("Kubernetes", "asked"),
    unit: "requests",
  },
];
/** p99 of one kind of look-up while Redis is well. */
const redisLookUp = (what: string, kind: string): Target => ({
  what: `look-up with Redis, ${what}, p99`,
  ours: lookUps(`redis${kind}P99Ms`),
  unit: "ms",
  bound: { most: 5 },
});
function chatFigure(act: string, measure: string, number: string): Figure {
  return { act, contender: "chat", measure, number };
}
/** By a loop over as many sockets. */
function fanOutCost(what: string, number: string, most: number): Target {
  const figure = chatFigure("chat fan-out", "fan-out", number);
  return {
    what,
    ours: figure,
    against: { figure: { ...figure, contender: "bare ws" }, by: "ratio" },
    unit: "x",
    bound: { most },
  };
}
/** "Constant", seen through the noise of two samples of a shared machine. */
const CONSTANT = { most: 1.1 };

export const TARGETS: readonly Target[] = [
  ratio("small GET, CPU per request, gateway + agent", "nginx", cpu, { most: 2 }),
  ratio("small GET, CPU per request, gateway + agent", "haproxy", cpu),
  ratio("small GET, CPU per request, gateway + agent", "ssh -R", cpu),
  ratio("small GET, requests/s at 64 connections", "nginx", speed, { least: 0.6 }),
  ratio("small GET, requests/s at 64 connections", "haproxy", speed),
  ratio("small GET, requests/s at 64 connections", "ssh -R", speed),
  ratio("small GET, p99", "nginx", p99, { most: 2 }),
  ratio("small GET, p99", "ssh -R", p99),
  ratio("100 MB GET, MB/s", "ssh -R", down, { least: 1.5 }),
  ratio("100 MB GET, MB/s", "nginx", down, { least: 0.5 }),
  ratio("100 MB POST, MB/s", "ssh -R", up, { least: 1.5 }),
  ratio("100 MB POST, MB/s", "nginx", up, { least: 0.5 }),
  ratio("WebSocket echo, p50", "ssh -R", echo, { most: 1 }),
  ratio("WebSocket echo, p50", "nginx", echo),
  {
    what: "memory per idle WebSocket, gateway",
    ours: memory("gateway"),
    unit: "bytes",
    bound: { most: 15_000 },
  },
  {
    what: "memory per idle WebSocket, agent",
    ours: memory("agent"),
    unit: "bytes",
    bound: { most: 15_000 },
  },
  {
    what: "SSE event lag added, p99",
    ours: { act: "proxying", contender: "warren", ...lag },
    against: { figure: { act: "proxying", contender: "direct", ...lag }, by: "difference" },
    unit: "ms",
    bound: { most: 5 },
  },
  cost("CPU per request, 100x more routes", "routes", ["10 routes", "1,000 routes"], CONSTANT),
  {
    what: "look-up in memory, a million routes by a thousand",
    ours: lookUps("millionNanos"),
    against: { figure: lookUps("thousandNanos"), by: "ratio" },
    unit: "x",
    // A million do not fit in the processor's cache.
    bound: { most: 2 },
  },
  ...syncs("Ingresses", "ingress sync"),
  ...syncs("HTTPRoutes", "HTTPRoute sync"),
  ...KUBERNETES,
  redisLookUp("read for the first time", "First"),
  redisLookUp("known here", "Known"),
  redisLookUp("of an unknown host", "Unknown"),
  cost("CPU per request, 100x more tunnels", "tunnels", ["1 tunnel", "100 tunnels"], CONSTANT),
  cost(
    "CPU per request, 100x more idle streams",
    "idle streams",
    ["95 idle streams", "9,500 idle streams"],
    CONSTANT,
  ),
  cost("CPU per request, request log on", "request log", ["warren", "warren, request log on"]),
  {
    what: "small GET, p99 beside 1,000 stalled readers",
    ours: { act: "stalled readers", contender: "1,000 stalled", ...p99 },
    against: {
      figure: { act: "stalled readers", contender: "none stalled", ...p99 },
      by: "ratio",
    },
    unit: "x",
    bound: { most: 2 },
  },
  {
    what: "100 MB GET over 50 MB/s and 50 ms",
    ours: { act: "long line", contender: "warren", ...oneBulk },
    against: { figure: { act: "long line", contender: "plain TCP", ...oneBulk }, by: "ratio" },
    unit: "x",
    bound: { least: 0.8 },
  },
  {
    what: "small GET beside a bulk download on 20 Mbit/s, p99",
    ours: {
      act: "slow line",
      contender: "warren",
      measure: "small GET beside a bulk download",
      number: "p99Ms",
    },
    unit: "ms",
    bound: { most: 150 },
  },
  {
    what: "chat: memory per idle socket of a user",
    ours: chatFigure("chat memory", "idle users", "chatBytes"),
    unit: "bytes",
    bound: { most: 15_000 },
  },
  {
    what: "chat: send to acknowledgement at 2,000 messages/s, p99",
    ours: chatFigure("chat", "messages", "ackP99Ms"),
    unit: "ms",
    bound: { most: 50 },
  },
  {
    what: "chat: send to delivery on another device, p99",
    ours: chatFigure("chat", "messages", "deliveryP99Ms"),
    unit: "ms",
    bound: { most: 100 },
  },
  {
    // Of 2,000 with a p99 under 100 ms, as much as the store takes: see PROOFS.md.
    what: "chat: messages/s with p99 < 100 ms to a device on another instance",
    ours: chatFigure("chat instances", "delivery", "messagesPerSecond"),
    unit: "/s",
    bound: { least: 2_000 },
  },
  {
    what: "chat: the store's share of a core where that was too many",
    ours: chatFigure("chat instances", "delivery", "lastStoreShare"),
    unit: "cores",
  },
  {
    what: "chat: both instances' share of a core there",
    ours: chatFigure("chat instances", "delivery", "lastInstancesShare"),
    unit: "cores",
  },
  fanOutCost("chat: CPU per frame heard by one of 1,000", "cpuMicrosPerFrame", 1.3),
  fanOutCost("chat: CPU per frame heard, in bursts of 10", "cpuMicrosPerBurstFrame", 0.4),
  {
    what: "chat: 300 missed messages after a resume",
    ours: chatFigure("chat", "resume", "p50Ms"),
    unit: "ms",
    bound: { most: 20 },
  },
  {
    what: "chat: delay added to the first token",
    ours: chatFigure("chat answers", "first token", "p50Ms"),
    unit: "ms",
    bound: { most: 5 },
  },
  {
    what: "chat: durable inserts/s by bare node:sqlite",
    ours: chatFigure("chat log", "inserts", "appendsPerSecond"),
    against: { figure: chatFigure("chat log", "inserts", "barePerSecond"), by: "ratio" },
    unit: "x",
    bound: { least: 0.5 },
  },
  {
    what: "chat: durable inserts/s, each folded into its row",
    ours: chatFigure("chat log", "inserts", "foldsPerSecond"),
    against: { figure: chatFigure("chat log", "inserts", "barePerSecond"), by: "ratio" },
    unit: "x",
  },
];
