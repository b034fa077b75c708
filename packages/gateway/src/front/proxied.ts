import type { Socket } from "node:net";
import { readProxyHeader, Refusal, type ProxyHeader } from "@warren/http";
import type { FrontContext } from "./front-context.ts";
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
    if (header instanceof Refusal) return peek.refuse(undefined);
    const given = peek.give(header.bytes);
    if (given !== undefined) accept(given, header);
  });
}
