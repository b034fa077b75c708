import type { Association, Clock } from "@warren/tunnel";

/** A stream of another gateway in a tunnel that is here. */
export interface Passage {
  readonly peer: Association;
  readonly tunnelId: string;
  /** Its agent is away: the tunnel has no transport. */
  readonly isAway: boolean;
}

export interface AwayAgentsOptions {
  clock: Clock;
  passages: () => Iterable<Passage>;
}

/** However many agents come and go, all passages are looked at no more often. */
const LOOK_MS = 250;
/** What is said fits into one message. */
const MOST_TUNNELS = 10_000;

/**
 * Tells other gateways which tunnels of their streams have lost their agents: whoever waits there for an
 * answer is to blame no service (docs/decisions/0467). It is said whole each time, and when it differs.
 */
export class AwayAgents {
  readonly #options: AwayAgentsOptions;
  /** Ids of tunnels that a gateway takes for away. */
  readonly #said = new Map<Association, string>();
  #cancel: (() => void) | undefined;

  constructor(options: AwayAgentsOptions) {
    this.#options = options;
  }

  /** Nobody takes an agent for away. */
  get saidNothing(): boolean {
    return this.#said.size === 0;
  }

  /** Some agent went, or is back. */
  changed(): void {
    this.#cancel ??= this.#options.clock.after(LOOK_MS, () => {
      this.#cancel = undefined;
      this.#look();
    });
  }

  /** The other gateway has a new transport, or is gone: what it was told may be lost. */
  forget(peer: Association): void {
    this.#said.delete(peer);
    this.changed();
  }

  close(): void {
    this.#cancel?.();
    this.#said.clear();
  }

  #look(): void {
    const away = new Map<Association, Set<string>>();
    for (const peer of this.#said.keys()) away.set(peer, new Set());
    for (const { peer, tunnelId, isAway } of this.#options.passages()) {
      if (!isAway) continue;
      const tunnels = away.get(peer) ?? new Set();
      away.set(peer, tunnels);
      if (tunnels.size < MOST_TUNNELS) tunnels.add(tunnelId);
    }
    for (const [peer, tunnels] of away) this.#tell(peer, [...tunnels].sort());
  }

  #tell(peer: Association, tunnels: string[]): void {
    const text = tunnels.join(" ");
    if (text === (this.#said.get(peer) ?? "")) return;
    if (!peer.send({ type: "away", payload: { tunnels } })) return;
    if (text === "") this.#said.delete(peer);
    else this.#said.set(peer, text);
  }
}
