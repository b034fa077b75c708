import type { Socket } from "node:net";
import type { ProxyHeader } from "@warren/http";
import type { FrontContext } from "./front-context.ts";
import { H1Connection } from "./h1-connection.ts";
import { H2Session } from "./h2-session.ts";
import { addressOf, Peer } from "./peer.ts";

/** What the plain port does with a connection: HTTP/1.1, or HTTP/2 by prior knowledge. */
export function acceptPlain(
  context: FrontContext,
  socket: Socket,
  proxy: ProxyHeader | undefined,
): void {
  const peer = new Peer(addressOf(socket, proxy), undefined, context.deps.trusted);
  H1Connection.begin(context, socket, { peer, onPreface: H2Session.begin });
}
