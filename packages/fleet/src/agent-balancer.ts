import type { Policy } from "@warren/wire";
import { AffinityMemory } from "./affinity-memory.ts";
import { hash32, join32 } from "./hash.ts";
import { StickyCookie } from "./sticky-cookie.ts";

/** An agent as far as choosing goes. */
export interface AgentState {
  readonly agentId: string;
  /** Requests and connections it carries now. */
  readonly outstanding: number;
  /** False while it drains, or its tunnel is not there. */
  readonly usable: boolean;
  /**
   * Monotonic milliseconds from which it knows what it would be asked for, Infinity: it says itself that
   * it does not yet. Before that it is chosen only where nobody else is.
   */
  readonly readyAt: number;
}

export interface AgentQuestion {
  readonly clusterUuid: string;
  readonly policy: Pick<Policy, "affinity" | "balance">;
  /** The client's address, for `client_ip`. */
  readonly address: string;
  /** The affinity cookie's value, for `cookie`. */
  readonly sticky: string | undefined;
}

export interface AgentBalancerOptions {
  /** How long an address stays with its agent after its last request: 10,800 s. */
  readonly affinityMs: number;
  /** Addresses remembered at most. */
  readonly remembered: number;
  /** See `StickyCookie`. */
  readonly tag: (text: string) => string;
}

/** Clusters whose round is remembered at most. */
const MOST_TURNS = 10_000;

/**
 * Chooses among the agents of a cluster: by affinity where the route has it and its agent is usable,
 * else by fewest outstanding requests or in turn. Allocates nothing but a new client's affinity.
 */
export class AgentBalancer {
  readonly cookie: StickyCookie;
  readonly #memory: AffinityMemory;
  /**
   * Where the next scan starts: in turn for round_robin, and who wins a tie for least. By cluster, or
   * requests that come for two of them by turns would all start at the same agent.
   */
  readonly #turns = new Map<string, number>();

  constructor({ affinityMs, remembered, tag }: AgentBalancerOptions) {
    this.cookie = new StickyCookie(tag);
    this.#memory = new AffinityMemory(affinityMs, remembered);
  }

  /** Index of the agent, or -1 when none is usable. `nowMs` is monotonic. */
  choose(agents: readonly AgentState[], question: AgentQuestion, nowMs: number): number {
    const at = this.#choose(agents, question, nowMs);
    if (at !== -1 || agents.every(isReady)) return at;
    return this.#choose(agents.map(asReady), question, nowMs);
  }

  #choose(agents: readonly AgentState[], question: AgentQuestion, nowMs: number): number {
    const { affinity, balance } = question.policy;
    if (affinity === "client_ip") return this.#byAddress(agents, question, nowMs);
    const stuck = affinity === "cookie" ? this.#byCookie(agents, question) : -1;
    if (stuck !== -1) return stuck;
    return balance === "round_robin"
      ? this.#inTurn(agents, question.clusterUuid, nowMs)
      : this.#least(agents, question.clusterUuid, nowMs);
  }

  #byCookie(agents: readonly AgentState[], { sticky, clusterUuid }: AgentQuestion): number {
    if (sticky === undefined) return -1;
    for (let at = 0; at < agents.length; at += 1) {
      const { agentId } = agents[at]!;
      if (mayKeep(agents[at]!) && this.cookie.namesAgent(sticky, clusterUuid, agentId)) return at;
    }
    return -1;
  }

  #byAddress(
    agents: readonly AgentState[],
    { clusterUuid, address }: AgentQuestion,
    nowMs: number,
  ): number {
    const key = `${clusterUuid} ${address}`;
    const remembered = this.#memory.get(key, nowMs);
    const kept = remembered === undefined ? -1 : usableNamed(remembered, agents);
    if (kept !== -1) return kept;
    const at = rendezvous(address, agents);
    if (at !== -1) this.#memory.set(key, agents[at]!.agentId, nowMs);
    return at;
  }

  #least(agents: readonly AgentState[], clusterUuid: string, nowMs: number): number {
    const count = agents.length;
    if (count === 1) return agents[0]!.usable ? 0 : -1;
    let best = -1;
    let fewest = Infinity;
    // Starting elsewhere each time spreads ties: idle agents take turns.
    const start = this.#turns.get(clusterUuid) ?? 0;
    for (let step = 0; step < count; step += 1) {
      const at = (start + step) % count;
      const { usable, outstanding, readyAt } = agents[at]!;
      if (usable && readyAt <= nowMs && outstanding < fewest) {
        best = at;
        fewest = outstanding;
      }
    }
    return this.#took(best, clusterUuid);
  }

  #inTurn(agents: readonly AgentState[], clusterUuid: string, nowMs: number): number {
    const count = agents.length;
    const start = this.#turns.get(clusterUuid) ?? 0;
    for (let step = 0; step < count; step += 1) {
      const at = (start + step) % count;
      const { usable, readyAt } = agents[at]!;
      if (usable && readyAt <= nowMs) return this.#took(at, clusterUuid);
    }
    return -1;
  }

  /** The next scan starts behind `at`. A look that found nobody (-1) is no turn. */
  #took(at: number, clusterUuid: string): number {
    if (at === -1) return at;
    // A cluster that is forgotten here only begins its round anew.
    if (this.#turns.size >= MOST_TURNS && !this.#turns.has(clusterUuid)) this.#turns.clear();
    this.#turns.set(clusterUuid, at + 1);
    return at;
  }
}

/** A client leaves its agent only for what the agent itself says. */
function mayKeep({ usable, readyAt }: AgentState): boolean {
  return usable && readyAt < Infinity;
}

function isReady({ readyAt }: AgentState): boolean {
  return readyAt === 0;
}

/** For the rare look at a cluster none of whose agents is ready. */
function asReady({ agentId, outstanding, usable }: AgentState): AgentState {
  return { agentId, outstanding, usable, readyAt: 0 };
}

function usableNamed(agentId: string, agents: readonly AgentState[]): number {
  for (let at = 0; at < agents.length; at += 1) {
    if (mayKeep(agents[at]!) && agents[at]!.agentId === agentId) return at;
  }
  return -1;
}

/**
 * The usable agent with the highest hash together with `key` (rendezvous hashing): when another agent
 * comes or goes, a key moves only if it must. -1 when none is usable and ready.
 */
export function rendezvous(key: string, agents: readonly AgentState[]): number {
  const hash = hash32(key);
  let best = -1;
  let highest = -1;
  for (let at = 0; at < agents.length; at += 1) {
    const { agentId } = agents[at]!;
    const score = mayKeep(agents[at]!) ? join32(hash, hash32(agentId)) : -1;
    if (score > highest) {
      best = at;
      highest = score;
    }
  }
  return best;
}
