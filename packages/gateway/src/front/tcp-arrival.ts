import { proxyV1 } from "@warren/http";
import { KIND, WireError } from "@warren/wire";
import type { ClientAddress, Errand, Matched, RouteAnswer } from "../ports.ts";
import type { FrontContext } from "./front-context.ts";
import type { Peek } from "./peek.ts";
import { NOBODY } from "./spent-stream.ts";
import { TcpRelay } from "./tcp-relay.ts";

type Answer = RouteAnswer | Promise<RouteAnswer>;

export interface TcpArrival {
  client: ClientAddress;
  answer: Answer;
  /** Looks up anew what `answer` said. */
  lookUp: () => Answer;
}

/**
 * Joins a connection to the service behind a tcp or passthrough route, or ends it: there is no way to
 * say why. Never rejects.
 */
export async function joinTcp(context: FrontContext, peek: Peek, arrival: TcpArrival) {
  try {
    const found = await arrival.answer;
    if ("refused" in found) return peek.refuse(undefined);
    await open(context, peek, found.found, arrival);
  } catch (reason) {
    if (!(reason instanceof WireError)) context.deps.events.broke("tcp connection", reason);
    peek.refuse(undefined);
  }
}

async function open(
  context: FrontContext,
  peek: Peek,
  matched: Matched,
  arrival: TcpArrival,
): Promise<void> {
  const { client } = arrival;
  if (!(await isLetIn(context, matched, client))) return peek.refuse(undefined);
  if (overLimit(context, matched, client)) return peek.refuse(undefined);
  const errand: Errand = {
    kind: KIND.tcp,
    matched,
    client,
    asked: undefined,
    sticky: undefined,
    staying: matched.policy.affinity === "none" ? undefined : client.address,
    head: proxyV1(client, { address: client.localAddress, port: client.localPort }),
    ended: false,
    owner: NOBODY, // a relay takes the stream over in the turn in which it is opened
  };
  const opened = await context.deps.dispatch.open(errand);
  const socket = peek.give(0);
  if (socket === undefined) return opened.stream.reset(new WireError("cancelled", ""));
  const again = (before: Errand) => lookAgain(context, before, arrival);
  new TcpRelay(context, socket, { errand, opened, again }).start();
}

/** Agents refuse also what has just been taken back: nobody is waited for then. */
async function lookAgain(
  context: FrontContext,
  before: Errand,
  { client, lookUp }: TcpArrival,
): Promise<Errand> {
  const answer = await lookUp();
  if ("refused" in answer) throw new WireError(answer.refused, answer.message);
  if (answer.found === before.matched) return before;
  if (await isLetIn(context, answer.found, client)) return { ...before, matched: answer.found };
  throw new WireError("forbidden", "");
}

async function isLetIn(
  { deps }: FrontContext,
  { entries, policy }: Matched,
  { address }: ClientAddress,
): Promise<boolean> {
  // A password cannot be asked for here: a route that wants one lets nobody in.
  const visitor = { address, authorization: undefined, entry: entries[0]!, countTry: () => 0 };
  return (await deps.access.check(policy, visitor)) === undefined;
}

function overLimit(
  { deps }: FrontContext,
  { entries, policy }: Matched,
  { address }: ClientAddress,
): boolean {
  const { clusterUuid, key } = entries[0]!;
  const token = deps.tokenRates(clusterUuid);
  const rates = {
    cluster: token.cluster,
    client: policy.client_rate ?? token.client,
    route: policy.rate,
  };
  return deps.limits.take({ clusterUuid, routeKey: key, address }, rates) > 0;
}
