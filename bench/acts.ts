import { bareFanOut, chat, twoChats } from "./contenders/chat.ts";
import { startDirect } from "./contenders/direct.ts";
import { startHaproxy } from "./contenders/haproxy.ts";
import { LONG_LINE, plainOver, SLOW_LINE, warrenOver } from "./contenders/lines.ts";
import { startNginxProxy } from "./contenders/nginx.ts";
import { startSsh } from "./contenders/ssh.ts";
import { warren } from "./contenders/warren.ts";
import type { StartContender } from "./contender.ts";
import { openIdleCrowd } from "./idle-crowd.ts";
import type { Measure } from "./measure.ts";
import { bulk } from "./measures/bulk.ts";
import { acks, delivery, fanOut, firstToken, inserts, resume } from "./measures/chat.ts";
import { eventLag } from "./measures/event-lag.ts";
import { besideBulk, oneBulk, stallReaders } from "./measures/flow.ts";
import { idleMemory, idleUsers } from "./measures/idle-memory.ts";
import { httpRouteSync, ingressSync, kubeTimes } from "./measures/ingress-sync.ts";
import { lookUps, registries } from "./measures/look-ups.ts";
import { smallGet } from "./measures/small-get.ts";
import { websocketEcho } from "./measures/websocket-echo.ts";

/** Contenders that run side by side, idle but for the one that is being measured. */
export interface Act {
  name: string;
  contenders: Readonly<Record<string, StartContender>>;
  measures: readonly Measure[];
  /** Rounds at most, where a repetition says nothing new. */
  rounds?: number;
}

const withIdle =
  (count: number): StartContender =>
  async (stage) => {
    const contender = await warren()(stage);
    if (contender !== undefined) await openIdleCrowd(stage, contender, count);
    return contender;
  };

const withStalled =
  (count: number): StartContender =>
  async (stage) => {
    const contender = await warren()(stage);
    if (contender !== undefined) await stallReaders(stage, contender, count);
    return contender;
  };

/** All that is run, in order. */
export const ACTS: readonly Act[] = [
  {
    name: "proxying",
    contenders: {
      direct: startDirect,
      nginx: startNginxProxy,
      haproxy: startHaproxy,
      "ssh -R": startSsh,
      warren: warren(),
    },
    measures: [smallGet, bulk, websocketEcho, eventLag],
  },
  {
    name: "request log",
    contenders: { warren: warren(), "warren, request log on": warren({ requestLog: true }) },
    measures: [smallGet],
  },
  { name: "memory", contenders: { warren: warren() }, measures: [idleMemory], rounds: 1 },
  {
    name: "routes",
    contenders: {
      "10 routes": warren({ moreRoutes: 8 }),
      "1,000 routes": warren({ moreRoutes: 998 }),
    },
    measures: [smallGet],
  },
  {
    name: "tunnels",
    contenders: { "1 tunnel": warren(), "100 tunnels": warren({ moreAgents: 99 }) },
    measures: [smallGet],
  },
  {
    // Not 10,000: a tunnel takes no more than that by default, and wrk wants some too.
    name: "idle streams",
    contenders: { "95 idle streams": withIdle(95), "9,500 idle streams": withIdle(9_500) },
    measures: [smallGet],
  },
  {
    name: "stalled readers",
    contenders: { "none stalled": warren(), "1,000 stalled": withStalled(1_000) },
    measures: [smallGet],
  },
  {
    name: "long line",
    contenders: { "plain TCP": plainOver(LONG_LINE), warren: warrenOver(LONG_LINE) },
    measures: [oneBulk],
  },
  { name: "ingress sync", contenders: { warren: registries }, measures: [ingressSync], rounds: 1 },
  {
    name: "HTTPRoute sync",
    contenders: { warren: registries },
    measures: [httpRouteSync],
    rounds: 1,
  },
  { name: "Kubernetes", contenders: { warren: registries }, measures: [kubeTimes], rounds: 1 },
  { name: "look-ups", contenders: { warren: registries }, measures: [lookUps], rounds: 1 },
  { name: "slow line", contenders: { warren: warrenOver(SLOW_LINE) }, measures: [besideBulk] },
  { name: "chat memory", contenders: { chat: chat() }, measures: [idleUsers], rounds: 1 },
  { name: "chat", contenders: { chat: chat() }, measures: [acks, resume] },
  // Once: FerretDB reads all that it has for each entry, so that a second round is not like the first.
  { name: "chat instances", contenders: { chat: twoChats }, measures: [delivery], rounds: 1 },
  {
    name: "chat fan-out",
    contenders: { "bare ws": bareFanOut, chat: chat() },
    measures: [fanOut],
  },
  {
    name: "chat answers",
    contenders: { chat: chat({ asksModel: true }) },
    measures: [firstToken],
  },
  { name: "chat log", contenders: { chat: registries }, measures: [inserts], rounds: 1 },
];
