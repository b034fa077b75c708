import type { ServerFrames } from "@warren/wire";
import type { Hub, Membership } from "../live/hub.ts";
import type { Listener, Passing } from "../live/room.ts";
import type { SessionKey } from "../log/entry.ts";
import type { Journal } from "../log/journal.ts";
import type { Said } from "../log/said.ts";
import { has, type Versions } from "../log/versions.ts";
import type { ClusterRuns } from "../runs/cluster-runs.ts";
import type { Viewer } from "../sessions/viewer.ts";
import { firstThatFit, newestThatFit, upTo, type PageOptions, type WirePage } from "./pages.ts";
import { wireRunOf, type Presenter } from "./presenter.ts";

/** Entries that a resume sends; who lacks more gets the newest, and is told what is below them. */
export const RESUME_ENTRIES = 300;

export interface FollowerOptions {
  reader: Reader;
  key: SessionKey;
  hub: Hub;
  journal: Journal;
  runs: Pick<ClusterRuns, "of">;
}

/** The client that follows. */
export interface Reader {
  readonly identity: Viewer;
  /** How things are worded now. */
  readonly presenter: Presenter;
  /** True for what this socket said itself. */
  isOwn(said: Said): boolean;
  sendText(text: string): void;
}

/**
 * One session as one client follows it: first what it lacks, then what comes, without a hole and without
 * anything twice. It joins before it reads: what comes meanwhile waits.
 */
export class Follower implements Listener {
  readonly key: SessionKey;
  readonly #reader: Reader;
  readonly #options: Omit<FollowerOptions, "reader" | "key">;
  #membership: Membership | undefined;
  /** What the client was told of by a resume, while what came meanwhile waits: afterwards all is new. */
  #has: Versions | undefined;
  /** What came while the client was being brought up to date. */
  #held: (() => void)[] | undefined;
  #isGone = false;

  constructor({ reader, key, ...options }: FollowerOptions) {
    this.key = key;
    this.#reader = reader;
    this.#options = options;
  }

  get viewer(): Viewer {
    return this.#reader.identity;
  }

  /** Hears what comes from now on. Resolves with what there was when it began to. */
  async join(): Promise<Versions> {
    const { hub } = this.#options;
    this.#membership ??= await hub.join(this.key, this);
    if (this.#isGone) this.leave();
    return this.#membership.versions;
  }

  /** What the client lacks, as one `resumed` frame, and then what comes. `asked`: the id that it said. */
  async resume(versions: Versions, pages: PageOptions, asked: string): Promise<State["mode"]> {
    let mode: State["mode"] = "delta";
    await this.catchUp(async () => {
      const { runs } = this.#options;
      const { page, ...found } = await this.#state(versions, pages);
      const state = { ...found, ...(asked !== found.session_id && { asked }) };
      const run = await runs.of(this.key);
      this.#reader.sendText(
        resumedFrame({ ...state, runs: run === undefined ? [] : [wireRunOf(run)] }, page),
      );
      ({ mode } = state);
      return state.versions;
    });
    return mode;
  }

  /**
   * Joins, and has the client told what it lacks; what comes meanwhile follows after it. `bring` gets what
   * the session had when it was joined, and resolves with what the client was told of.
   */
  async catchUp(bring: (joined: Versions) => Promise<Versions>): Promise<void> {
    this.#held ??= [];
    try {
      this.#has = await bring(await this.join());
    } finally {
      const held = this.#held;
      this.#held = undefined;
      for (const task of held ?? []) task();
      this.#has = undefined;
    }
  }

  leave(): void {
    this.#isGone = true;
    this.#membership?.leave();
  }

  said(said: Said): void {
    if (this.#held !== undefined) return void this.#held.push(() => this.said(said));
    if (this.#has !== undefined && has(this.#has, said.entry)) return;
    const reader = this.#reader;
    for (const text of reader.presenter.said(said, reader.isOwn(said))) reader.sendText(text);
  }

  passing(event: Passing): void {
    if (event.kind === "typing" && event.by === this) return;
    // The run's whole text goes along with the resume.
    if (this.#held !== undefined) return void this.#held.push(() => this.passing(event));
    const reader = this.#reader;
    const { sessionId } = this.key;
    for (const text of reader.presenter.passing(sessionId, event)) reader.sendText(text);
  }

  async #state(versions: Versions, pages: PageOptions): Promise<State & { page: WirePage }> {
    const { journal } = this.#options;
    const session_id = this.key.sessionId;
    const lacking = await journal.after(this.key, versions, RESUME_ENTRIES + 1);
    if (lacking.length <= RESUME_ENTRIES) {
      const page = firstThatFit(lacking, pages);
      if (page.isWhole) {
        return { session_id, mode: "delta", versions: upTo(versions, lacking), page };
      }
    }
    const latest = await journal.latest(this.key, undefined, RESUME_ENTRIES);
    const { older, ...page } = newestThatFit(latest, pages);
    return { session_id, mode: "snapshot", versions: upTo(older, page.said), older, page };
  }
}

type Resumed = ServerFrames["resumed"]["sessions"][number];
type State = Omit<Resumed, "runs" | "entries">;

function resumedFrame(state: Omit<Resumed, "entries">, { texts }: WirePage): string {
  const session = JSON.stringify(state).slice(0, -1);
  return `{"type":"resumed","sessions":[${session},"entries":[${texts.join(",")}]}]}`;
}
