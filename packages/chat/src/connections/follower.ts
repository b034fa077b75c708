import type { ServerFrames, WireEntry } from "@warren/wire";
import type { Hub, Membership } from "../live/hub.ts";
import type { Listener, Passing } from "../live/room.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { Said } from "../log/said.ts";
import { has, including, merged, type Versions } from "../log/versions.ts";
import type { Runs } from "../runs/runs.ts";
import { wireRunOf, type Presenter } from "./presenter.ts";
import { wireEntryOf } from "./wire-entry-of.ts";

/** Entries that a resume sends; who lacks more gets the newest, and is told what is below them. */
export const RESUME_ENTRIES = 300;

export interface FollowerOptions {
  key: SessionKey;
  hub: Hub;
  journal: Journal;
  runs: Runs;
  isAdmin: boolean;
  presenter: () => Presenter;
  send: (text: string) => void;
  /** True for what this socket said itself. */
  isOwn: (said: Said) => boolean;
}

/**
 * One session as one client follows it: first what it lacks, then what comes, without a hole and without
 * anything twice. It joins before it reads: what comes meanwhile waits.
 */
export class Follower implements Listener {
  readonly key: SessionKey;
  readonly #options: FollowerOptions;
  #membership: Membership | undefined;
  #has: Versions = {};
  /** What came while the client was being brought up to date. */
  #held: (() => void)[] | undefined;
  #isGone = false;

  constructor(options: FollowerOptions) {
    this.key = options.key;
    this.#options = options;
  }

  /** Hears what comes from now on. */
  async join(): Promise<void> {
    const { hub } = this.#options;
    this.#membership ??= await hub.join(this.key, this);
    this.#has = merged(this.#has, this.#membership.versions);
    if (this.#isGone) this.leave();
  }

  /** What the client lacks, as one `resumed` frame, and then what comes. `asked`: the id that it said. */
  async resume(versions: Versions, asked: string): Promise<void> {
    this.#held ??= [];
    try {
      await this.join();
      const { send } = this.#options;
      const state = await this.#state(versions);
      const run = this.#options.runs.of(this.key);
      const runs = run === undefined ? [] : [wireRunOf(run)];
      const sessions = [{ ...state, ...(asked !== state.session_id && { asked }), runs }];
      const resumed: ServerFrames["resumed"] = { type: "resumed", sessions };
      this.#has = merged(this.#has, state.versions);
      send(JSON.stringify(resumed));
    } finally {
      const held = this.#held;
      this.#held = undefined;
      for (const task of held ?? []) task();
    }
  }

  leave(): void {
    this.#isGone = true;
    this.#membership?.leave();
  }

  said(said: Said): void {
    if (this.#held !== undefined) return void this.#held.push(() => this.said(said));
    if (has(this.#has, said.entry)) return;
    this.#has = including(this.#has, said.entry);
    const { presenter, isOwn, send } = this.#options;
    for (const text of presenter().said(said, isOwn(said))) send(text);
  }

  passing(event: Passing): void {
    if (event.kind === "typing" && event.by === this) return;
    // The run's whole text goes along with the resume.
    if (this.#held !== undefined) return void this.#held.push(() => this.passing(event));
    const { presenter, send } = this.#options;
    for (const text of presenter().passing(this.key.sessionId, event)) send(text);
  }

  async #state(versions: Versions): Promise<Omit<State, "runs">> {
    const { journal } = this.#options;
    const session_id = this.key.sessionId;
    const lacking = await journal.after(this.key, versions, RESUME_ENTRIES + 1);
    if (lacking.length <= RESUME_ENTRIES) {
      const entries = this.#entries(lacking);
      return { session_id, mode: "delta", entries, versions: upTo(versions, lacking) };
    }
    const { said, older } = await journal.latest(this.key, undefined, RESUME_ENTRIES);
    const entries = this.#entries(said);
    return { session_id, mode: "snapshot", entries, versions: upTo(older, said), older };
  }

  #entries(said: readonly Said[]): WireEntry[] {
    return said.map((one) => wireEntryOf(one, this.#options.isAdmin));
  }
}

type State = ServerFrames["resumed"]["sessions"][number];

function upTo(versions: Versions, said: readonly Said[]): Versions {
  return said.reduce((reached, { entry }) => including(reached, entry), versions);
}
