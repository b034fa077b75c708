import type { Socket } from "node:net";
import { latin1Bytes } from "@warren/host";
import { readProxyHeader, Refusal, type ProxyHeader } from "@warren/http";
import { WireError } from "@warren/wire";
import { errorAnswer } from "../answers/error-answer.ts";
import type { FrontContext } from "./front-context.ts";
import { ownHeadText } from "./h1-answer.ts";
import { addressOf } from "./peer.ts";
import { Peek } from "./peek.ts";

export type Accept = (socket: Socket, proxy: ProxyHeader | undefined) => void;

/**
 * Hands a fresh connection to `accept`, with what a trusted balancer says of it in a PROXY header.
 * A trusted peer must send one where they are expected; from others none is believed.
 */
export function acceptProxied(context: FrontContext, socket: Socket, accept: Accept): void {
  const { address } = addressOf(socket, undefined);
  if (!context.settings.acceptProxyProtocol || !context.deps.trusted.trusts(address))
    return accept(socket, undefined);
  Peek.begin(context, socket, (peek, bytes) => {
    const header = readProxyHeader(bytes);
    if (header === "more") return;
    if (header instanceof Refusal) {
      context.deps.events.proxyHeaderMissing(address, header.message);
      return peek.refuse(speaksHttp(bytes) ? lastWord(context) : undefined);
    }
    const given = peek.give(header.bytes);
    if (given !== undefined) accept(given, header);
  });
}

/** Most likely an agent in the balancer's network, whose operator reads this in its log. */
const MISSING = new WireError(
  "bad_request",
  "connections from this address must begin with a PROXY header; agents dial through the balancer, or the port of --agent-port",
);

function lastWord({ deps }: FrontContext): Uint8Array {
  const refused = { method: undefined, accept: undefined, requestId: deps.newRequestId() };
  const answer = errorAnswer(MISSING, refused);
  return Buffer.concat([latin1Bytes(ownHeadText(answer, "close")), answer.body]);
}

/** A capital begins a method, and no TLS record. */
function speaksHttp(bytes: Uint8Array): boolean {
  return bytes[0]! >= 0x41 && bytes[0]! <= 0x5a;
}
