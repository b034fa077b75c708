/** Whether this agent speaks for its cluster, and how it numbers what it says (decisions/0290). */
export interface Voice {
  /** False: another agent of the cluster speaks, and this one announces nothing. */
  readonly speaks: boolean;
  /** The revision given last; at least what a message said now may carry. */
  readonly revision: number;
  /**
   * The revision that whoever spoke last is known to have come to, while another agent or none speaks:
   * what stands in for a speaker that a gateway does not hear. Undefined: nothing is known, or this
   * agent's own table cannot stand in.
   */
  readonly known: number | undefined;
  /** A revision higher than all before it. */
  next(): number;
  /**
   * A gateway has a higher revision than ours. True: `revision` is past it by now, say everything
   * again. False: it is not ours to go past it now; `onChange` follows if it becomes so.
   */
  surpass(revision: number): boolean;
  /** Hears when this agent begins or ends to speak. The returned function stops that. */
  onChange(heard: (speaks: boolean) => void): () => void;
}

/**
 * The voice of an agent that asks nobody: it always speaks, and its revisions follow the wall clock,
 * so that they grow over restarts too (decisions/0030). `wallClock`: epoch milliseconds.
 */
export function clockVoice(wallClock: () => number): Voice {
  let revision = Math.floor(wallClock());
  return {
    speaks: true,
    known: undefined,
    get revision() {
      return revision;
    },
    next: () => (revision = Math.max(revision + 1, Math.floor(wallClock()))),
    surpass(beyond) {
      revision = Math.max(revision, beyond + 1);
      return true;
    },
    onChange: () => () => {},
  };
}
