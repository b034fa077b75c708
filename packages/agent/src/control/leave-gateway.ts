import { nodeWorld, randomId, type Clock } from "@warren/host";
import { Dialler, Pool } from "@warren/tunnel";
import { LIMITS, WireError, type Control, type RegisterSuccess } from "@warren/wire";
import type { AgentConfig } from "../config.ts";
import { GatewayDial } from "./dial-gateway.ts";
import { routesMessages } from "./route-messages.ts";

/** How long the farewell may take; nothing is open. */
const DEADLINE_MS = 1_000;
/** A gateway takes an agent for one that may come back for so long after `resume_ms`. */
const LATER_MS = 5_000;
const AGAIN_MS = 1_000;

export interface GatewayLeave {
  readonly config: AgentConfig;
  readonly url: string;
  readonly version: string;
  readonly clock: Clock;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
  readonly signal: AbortSignal;
  /** Hears that agents are still there as the gateway knows, and for how long they are waited for. */
  readonly waits: (ms: number) => void;
}

/** Taken back, or kept for agents of the cluster that are still there. */
export type RoutesLeft = "withdrawn" | "kept";

/**
 * Takes back at a gateway what a cluster has published there: joins as one more agent of it that is leaving from the
 * first moment. So no request is sent to it, and a gateway keeps what other agents publish (docs/decisions/0461).
 * Dials until it is heard, or the signal aborts. Rejects with a WireError where the gateway ends it.
 */
export async function leaveGateway(leave: GatewayLeave): Promise<RoutesLeft> {
  const { config, signal, url } = leave;
  const dial = new GatewayDial(config, signal);
  const token = await config.token(); // who dials would ask for it again and again
  const over = Promise.withResolvers<RoutesLeft>();
  let farewell: Farewell | undefined;
  let failure: unknown;
  const lost = (why: unknown): void => over.reject(why);
  const dialler = new Dialler({
    world: { ...nodeWorld, clock: leave.clock, broke: lost },
    urls: [url],
    others: () => [],
    dial: (address, heard) => dial.dial(address, token, heard),
    registration: () => registrationOf(leave),
    pool: () => new Pool(config.tunnels.poolBytes),
    limits: LIMITS,
    detectMs: config.tunnels.detectMs,
    owner: {
      onUp: (_tunnel, info) => {
        farewell = new Farewell(leave, { info, dialler, over: over.resolve });
        farewell.begin();
      },
      onDown: (_tunnel, why) => lost(new WireError("upstream_failed", why)),
      onGone: (_tunnel, error) => lost(error),
      onRetry: (error) => (failure = error),
      onReplaced: lost,
      onRetired: () => {},
      onControl: (message) => farewell?.hear(message),
      onStream: (stream) => stream.reset(new WireError("draining", "the agent leaves")),
    },
  });
  const abort = (): void => over.reject(failure ?? signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  else dialler.start();
  try {
    return await over.promise;
  } finally {
    signal.removeEventListener("abort", abort);
    farewell?.end();
    dialler.close(new WireError("draining", "the agent stopped"));
  }
}

function registrationOf({ config, version }: GatewayLeave) {
  const id = `leave-${randomId(4, "hex")}`;
  const { labels, name, place } = config;
  return { agentId: id, instance: id, name, version, labels, place, ready: false };
}

interface Parts {
  info: RegisterSuccess;
  dialler: Pick<Dialler, "send">;
  over: (left: RoutesLeft) => void;
}

/** Asks which revision is in force, says one past it, and asks again: with agents that stay it is not ours then. */
class Farewell {
  readonly #leave: GatewayLeave;
  readonly #parts: Parts;
  readonly #untilMs: number;
  #said: number | undefined;
  #hasWaited = false;
  #cancel: (() => void) | undefined;

  constructor(leave: GatewayLeave, parts: Parts) {
    this.#leave = leave;
    this.#parts = parts;
    this.#untilMs = leave.clock.now() + parts.info.resume_ms + LATER_MS;
  }

  begin(): void {
    const { dialler } = this.#parts;
    dialler.send({ type: "drain", payload: { deadline_ms: DEADLINE_MS } });
    this.#ask();
  }

  hear(message: Control): void {
    if (message.type !== "heartbeat_ack") return;
    const { revision } = message.payload;
    if (this.#said === undefined) return this.#withdraw(revision);
    // One that does not say keeps to the same rule.
    if (revision === undefined || revision === null || revision === this.#said)
      return this.#parts.over("withdrawn");
    const leftMs = this.#untilMs - this.#leave.clock.now();
    if (leftMs <= 0) return this.#parts.over("kept");
    if (!this.#hasWaited) this.#leave.waits(leftMs);
    this.#hasWaited = true;
    this.#cancel = this.#leave.clock.after(AGAIN_MS, () => this.#withdraw(revision));
  }

  end(): void {
    this.#cancel?.();
  }

  /** What is answered to it says nothing of agents that stay; what is in force afterwards does. */
  #withdraw(inForce: number | null | undefined): void {
    this.#said = Math.max(Math.floor(this.#leave.wallClock()), (inForce ?? 0) + 1);
    for (const message of routesMessages("sync", [], this.#said))
      this.#parts.dialler.send({ ...message, request_id: "leave" });
    this.#ask();
  }

  #ask(): void {
    const { id } = this.#leave.config;
    this.#parts.dialler.send({
      type: "heartbeat",
      payload: { agent_id: id, status: "healthy", tunnel_status: "connected", metadata: {} },
    });
  }
}
