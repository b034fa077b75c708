import type { ClientFrame, ServerFrame } from "@warren/wire";
import type { ConnectionState, Line, LineListener, Welcome } from "./line.ts";

/** As much of the Web Locks API as is used here. */
export interface Locks {
  request(
    name: string,
    options: { signal: AbortSignal },
    held: () => Promise<void>,
  ): Promise<unknown>;
}

/** As much of a BroadcastChannel as is used here. */
export interface Channel {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  close(): void;
}

export interface SharedLineOptions {
  /** Tabs with the same name share a connection. */
  name: string;
  locks: Locks;
  openChannel: (name: string) => Channel;
  /** Makes the line of a tab that leads. */
  direct: (listener: LineListener) => Line & { wake(): void };
  listener: LineListener;
}

type Said =
  | {
      readonly from: "leader";
      readonly state: ConnectionState;
      readonly welcome: Welcome | undefined;
    }
  | { readonly from: "leader"; readonly frame: ServerFrame }
  | { readonly from: "follower"; readonly frame: ClientFrame }
  | { readonly from: "follower"; readonly asks: "state" | "connect" | "wake" };

/**
 * One connection for all tabs of a browser. The tab that holds the lock leads: the socket is its own, and
 * what it hears goes to all. When it goes, the browser gives the lock to another, which dials; every
 * tab resumes then, and says again what was not acknowledged.
 */
export class SharedLine implements Line {
  readonly #options: SharedLineOptions;
  /** Open while this tab takes part. */
  #channel: Channel | undefined;
  #state: ConnectionState = { name: "idle" };
  #welcome: Welcome | undefined;
  /** What makes this tab one that leads, or wants to. */
  #candidacy: AbortController | undefined;
  #led: (Line & { wake(): void }) | undefined;
  #resign: (() => void) | undefined;

  constructor(options: SharedLineOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#led?.state ?? this.#state;
  }

  connect(): void {
    if (this.#led !== undefined) return this.#led.connect();
    if (this.#candidacy !== undefined) return this.#say({ from: "follower", asks: "connect" });
    const { locks, name, openChannel } = this.#options;
    this.#candidacy = new AbortController();
    const { signal } = this.#candidacy;
    this.#enter({ name: "connecting" });
    // Frames without an origin and browsers that keep nothing refuse one or the other: such a tab is alone.
    const alone = () => {
      if (!signal.aborted && this.#led === undefined) void this.#lead();
    };
    try {
      this.#channel = openChannel(name);
    } catch {
      return alone();
    }
    this.#channel.addEventListener("message", ({ data }) => this.#heard(data as Said));
    this.#say({ from: "follower", asks: "state" });
    void locks.request(name, { signal }, () => this.#lead()).catch(alone);
  }

  send(frame: ClientFrame): boolean {
    if (this.#led !== undefined) return this.#led.send(frame);
    if (this.#state.name !== "open") return false;
    this.#say({ from: "follower", frame });
    return true;
  }

  wake(): void {
    if (this.#led !== undefined) this.#led.wake();
    else this.#say({ from: "follower", asks: "wake" });
  }

  close(): void {
    this.#candidacy?.abort();
    this.#candidacy = undefined;
    const led = this.#led;
    this.#led = undefined;
    if (led !== undefined) {
      led.close();
      this.#say({ from: "leader", state: { name: "connecting" }, welcome: undefined });
    }
    this.#resign?.();
    this.#resign = undefined;
    this.#channel?.close();
    this.#channel = undefined;
    this.#enter({ name: "closed", code: 1_000, reason: "closed by this client" });
  }

  /** Resolves when this tab does not lead any more. */
  #lead(): Promise<void> {
    const { direct, listener } = this.#options;
    const tell = (said: Said) => this.#say(said);
    const led = direct({
      state: (state) => {
        // A leader that closes is followed by another: the tabs wait for it.
        if (this.#led !== led) return;
        this.#state = state;
        if (state.name !== "open") {
          this.#welcome = undefined;
          tell({ from: "leader", state, welcome: undefined });
        }
        listener.state(state);
      },
      opened: (welcome) => {
        this.#welcome = welcome;
        tell({ from: "leader", state: { name: "open" }, welcome });
        listener.opened(welcome);
      },
      frame: (frame) => {
        tell({ from: "leader", frame });
        listener.frame(frame);
      },
    });
    this.#led = led;
    led.connect();
    return new Promise((resolve) => (this.#resign = resolve));
  }

  #heard(said: Said): void {
    if (said.from === "follower") this.#serve(said);
    else if (this.#led === undefined && this.#candidacy !== undefined) this.#follow(said);
  }

  #serve(said: Extract<Said, { from: "follower" }>): void {
    if (this.#led === undefined) return;
    if ("frame" in said) this.#led.send(said.frame);
    else if (said.asks === "connect") this.#led.connect();
    else if (said.asks === "wake") this.#led.wake();
    else this.#say({ from: "leader", state: this.#led.state, welcome: this.#welcome });
  }

  #follow(said: Extract<Said, { from: "leader" }>): void {
    const { listener } = this.#options;
    if ("frame" in said) {
      if (this.#state.name === "open") listener.frame(said.frame);
      return;
    }
    const { state, welcome } = said;
    const wasOpen = this.#state.name === "open";
    // Another tab asked: this one knows.
    if (wasOpen && state.name === "open" && sameWelcome(this.#welcome, welcome)) return;
    this.#welcome = welcome;
    this.#enter(state);
    if (welcome !== undefined) listener.opened(welcome);
  }

  #say(said: Said): void {
    this.#channel?.postMessage(said);
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#options.listener.state(state);
  }
}

function sameWelcome(a: Welcome | undefined, b: Welcome | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
