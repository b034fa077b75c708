import type { Clock } from "@warren/host";
import { encodeControl, parseControl, WireError } from "@warren/wire";
import type { AgentConfig } from "../config.ts";
import { GatewayDial } from "./dial-gateway.ts";

const ANSWER_MS = 10_000;
const NORMAL = 1_000;

export interface GatewayPing {
  dial: AgentConfig["dial"];
  url: string;
  token: string;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * Dials a gateway as an agent does, with its token, and measures one round trip; registers nothing:
 * before that a gateway answers `ping` alone (docs/protocol.md §4). Rejects with a WireError.
 */
export async function pingGateway(ping: GatewayPing): Promise<{ rttMs: number }> {
  const { clock, dial, signal, token, url } = ping;
  const answer = Promise.withResolvers<void>();
  answer.promise.catch(() => {}); // it may come before somebody waits
  const heard = {
    onBinary: () => {},
    onText: (text: string) => {
      const read = parseControl(text);
      if (read.ok && read.message.type === "pong") answer.resolve();
    },
    onClose: (code: number, reason: string) =>
      answer.reject(new WireError("upstream_failed", `closed with ${code} ${reason}`)),
  };
  const transport = await new GatewayDial({ dial }, signal).dial(url, token, heard);
  const late = new WireError("upstream_timeout", "the gateway answers no ping");
  const forget = clock.after(ANSWER_MS, () => answer.reject(late));
  try {
    const began = clock.now();
    const said = { type: "ping", payload: {}, request_id: "doctor" } as const;
    transport.sendText(encodeControl(said, new Date(0).toISOString()));
    await answer.promise;
    return { rttMs: clock.now() - began };
  } finally {
    forget();
    transport.close(NORMAL, "");
  }
}
