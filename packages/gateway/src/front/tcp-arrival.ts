import { proxyV1 } from "@warren/http";
import { KIND, WireError } from "@warren/wire";
import type { ClientAddress, Errand, Matched, RouteAnswer } from "../ports.ts";
import type { FrontContext } from "./front-context.ts";
import type { Peek } from "./peek.ts";
import { NOBODY } from "./spent-stream.ts";
import { TcpRelay } from "./tcp-relay.ts";

/**
 * Joins a connection to the service behind a tcp or passthrough route, or ends it: there is no way to
 * say why. Never rejects.
 */
export async function joinTcp(
  context: FrontContext,
  peek: Peek,
  { answer, client }: { answer: RouteAnswer | Promise<RouteAnswer>; client: ClientAddress },
): Promise<void> {
  try {
    const found = await answer;
    if ("refused" in found) return peek.refuse(undefined);
    await open(context, peek, found.found, client);
  } catch (reason) {
    if (!(reason instanceof WireError)) context.deps.events.broke("tcp connection", reason);
    peek.refuse(undefined);
  }
}

async function open(
  context: FrontContext,
  peek: Peek,
  matched: Matched,
  client: ClientAddress,
): Promise<void> {
  const { access, dispatch } = context.deps;
  const { policy } = matched;
  // A password cannot be asked for here: a route that wants one lets nobody in.
  const visitor = { address: client.address, authorization: undefined, entry: matched.entries[0]! };
  if ((await access.check(policy, { ...visitor, countTry: () => 0 })) !== undefined)
    return peek.refuse(undefined);
  if (overLimit(context, matched, client)) return peek.refuse(undefined);
  const errand: Errand = {
    kind: KIND.tcp,
    matched,
    client,
    asked: undefined,
    sticky: undefined,
    head: proxyV1(client, { address: client.localAddress, port: client.localPort }),
    ended: false,
    owner: NOBODY, // a relay takes the stream over in the turn in which it is opened
  };
  const opened = await dispatch.open(errand);
  const socket = peek.give(0);
  if (socket === undefined) return opened.stream.reset(new WireError("cancelled", ""));
  new TcpRelay(context, socket, errand, opened).start();
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
