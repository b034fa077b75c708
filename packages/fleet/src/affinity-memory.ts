/**
 * Which agent a client was sent to, for as long as it keeps coming: hashing alone would move some
 * clients when an agent joins. Bounded; the one not seen for longest is forgotten first.
 */
export class AffinityMemory {
  readonly #lifeMs: number;
  readonly #most: number;
  /** Oldest use first: a use moves its entry to the end. */
  readonly #entries = new Map<string, { agentId: string; until: number }>();

  constructor(lifeMs: number, most: number) {
    this.#lifeMs = lifeMs;
    this.#most = most;
  }

  get(key: string, nowMs: number): string | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until <= nowMs) return undefined;
    entry.until = nowMs + this.#lifeMs;
    this.#entries.set(key, entry);
    return entry.agentId;
  }

  set(key: string, agentId: string, nowMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { agentId, until: nowMs + this.#lifeMs });
    if (this.#entries.size <= this.#most) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
