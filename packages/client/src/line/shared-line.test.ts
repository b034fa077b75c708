import type { ClientFrame, ServerFrame } from "@warren/wire";
import { describe, expect, test } from "vitest";
import { settle } from "../../test/_kit.ts";
import type { ConnectionState, Line, LineListener, Welcome } from "./line.ts";
import { SharedLine, type Channel, type Locks } from "./shared-line.ts";

const WELCOME: Welcome = { userId: "alice", sessionId: "s1", models: [] };
const ENTRY = { type: "pong", timestamp: "" } satisfies ServerFrame;

/** A browser: one lock, and a channel that its tabs hear each other on. */
class Browser {
  readonly #channels = new Set<{ hear: (data: unknown) => void }>();
  readonly #waiting: (() => Promise<void>)[] = [];
  #isHeld = false;
  readonly dialled: FakeLine[] = [];

  readonly locks: Locks = {
    request: (_name, { signal }, held) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        this.#waiting.push(async () => {
          if (!signal.aborted) await held();
          resolve(undefined);
        });
        void this.#give();
      }),
  };

  readonly openChannel = (): Channel => {
    const own = { hear: (_data: unknown) => {} };
    this.#channels.add(own);
    return {
      postMessage: (data) => {
        for (const other of this.#channels) if (other !== own) other.hear(structuredClone(data));
      },
      addEventListener: (_type, listener) => {
        own.hear = (data) => listener({ data });
      },
      close: () => void this.#channels.delete(own),
    };
  };

  tab(refused: { locks?: Locks; openChannel?: () => Channel } = {}) {
    const heard: string[] = [];
    const listener: LineListener = {
      state: ({ name }) => heard.push(name),
      opened: ({ sessionId }) => heard.push(`opened ${sessionId}`),
      frame: ({ type }) => heard.push(`frame ${type}`),
    };
    const direct = (told: LineListener) => {
      const line = new FakeLine(told);
      this.dialled.push(line);
      return line;
    };
    const { locks, openChannel } = this;
    const options = { name: "chat", locks, openChannel, direct, listener, ...refused };
    return { line: new SharedLine(options), heard };
  }

  async #give(): Promise<void> {
    if (this.#isHeld) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#isHeld = true;
    await next();
    this.#isHeld = false;
    void this.#give();
  }
}

class FakeLine implements Line {
  state: ConnectionState = { name: "idle" };
  readonly sent: string[] = [];
  wakes = 0;
  readonly told: LineListener;
  constructor(told: LineListener) {
    this.told = told;
  }
  connect(): void {
    this.enter({ name: "connecting" });
  }
  send({ type }: ClientFrame): boolean {
    this.sent.push(type);
    return true;
  }
  wake(): void {
    this.wakes += 1;
  }
  close(): void {
    this.enter({ name: "closed", code: 1_000, reason: "" });
  }
  enter(state: ConnectionState): void {
    this.state = state;
    this.told.state(state);
  }
  open(): void {
    this.enter({ name: "open" });
    this.told.opened(WELCOME);
  }
}

async function twoTabs() {
  const browser = new Browser();
  const [leader, follower] = [browser.tab(), browser.tab()];
  leader.line.connect();
  await settle();
  browser.dialled[0]!.open();
  follower.line.connect();
  await settle();
  return { browser, leader, follower };
}

describe("tabs of a browser", () => {
  test("share the socket of the one that came first", async () => {
    const { browser, leader, follower } = await twoTabs();
    expect(browser.dialled).toHaveLength(1);
    expect(leader.heard).toEqual(["connecting", "connecting", "open", "opened s1"]);
    expect(follower.heard).toEqual(["connecting", "open", "opened s1"]);
    expect(follower.line.send({ type: "ping" })).toBe(true);
    expect(browser.dialled[0]!.sent).toEqual(["ping"]);
    browser.dialled[0]!.told.frame(ENTRY);
    expect([leader.heard.at(-1), follower.heard.at(-1)]).toEqual(["frame pong", "frame pong"]);
  });

  test("hear of it once, though another tab asks", async () => {
    const { browser, follower } = await twoTabs();
    const third = browser.tab();
    third.line.connect();
    await settle();
    expect(third.heard).toEqual(["connecting", "open", "opened s1"]);
    expect(follower.heard.filter((what) => what === "opened s1")).toHaveLength(1);
  });

  test("say nothing while there is no connection, and resume when there is", async () => {
    const { browser, follower } = await twoTabs();
    browser.dialled[0]!.enter({ name: "waiting", retryInMs: 1 });
    expect([follower.line.state.name, follower.line.send({ type: "ping" })]).toEqual([
      "waiting",
      false,
    ]);
    browser.dialled[0]!.open();
    expect(follower.heard.filter((what) => what === "opened s1")).toHaveLength(2);
  });

  test("go on over another when the one that leads is closed", async () => {
    const { browser, leader, follower } = await twoTabs();
    leader.line.close();
    await settle();
    expect(leader.line.state.name).toBe("closed");
    expect(browser.dialled).toHaveLength(2);
    browser.dialled[1]!.open();
    expect(follower.line.state.name).toBe("open");
    expect(follower.line.send({ type: "ping" })).toBe(true);
    expect([browser.dialled[0]!.sent, browser.dialled[1]!.sent]).toEqual([[], ["ping"]]);
    // What the others say is nothing to a tab that was closed.
    expect(leader.heard.at(-1)).toBe("closed");
  });

  test("that wait for the lead and are closed do not get it", async () => {
    const { browser, leader, follower } = await twoTabs();
    follower.line.close();
    leader.line.close();
    await settle();
    expect(browser.dialled).toHaveLength(1);
  });

  test("wake the connection, whichever of them is looked at", async () => {
    const { browser, follower } = await twoTabs();
    follower.line.wake();
    expect(browser.dialled[0]!.wakes).toBe(1);
    browser.dialled[0]!.enter({ name: "closed", code: 4_403, reason: "FORBIDDEN" });
    expect(follower.line.state).toMatchObject({ name: "closed", code: 4_403 });
    follower.line.connect();
    expect(browser.dialled[0]!.state.name).toBe("connecting");
  });
});

const REFUSED = () => {
  throw new DOMException("denied", "SecurityError");
};
test.each([
  { name: "locks", refused: { locks: { request: async () => REFUSED() } } },
  { name: "channels", refused: { openChannel: REFUSED } },
])("a tab whose browser refuses it $name has a connection of its own", async ({ refused }) => {
  const browser = new Browser();
  const { line, heard } = browser.tab(refused);
  line.connect();
  await settle();
  expect(browser.dialled).toHaveLength(1);
  browser.dialled[0]!.open();
  expect(heard).toContain("opened s1");
  line.close();
  expect(browser.dialled[0]!.state.name).toBe("closed");
});
