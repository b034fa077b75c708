import { describe, expect, test } from "vitest";
import { GuestToken } from "./guest-token.ts";

const HOUR = 3_600_000;

/** A service that hands out tokens for ten hours, and a device that keeps them. */
function setup(given: { refuses?: (token: string | undefined) => number | undefined } = {}) {
  const kept = new Map<string, string>();
  const asked: (string | undefined)[] = [];
  let nowMs = 1_767_225_600_000;
  const options = {
    url: "https://chat.example/chat",
    storage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    },
    wallClock: () => nowMs,
    fetch: async (_url: unknown, init?: RequestInit) => {
      const { authorization } = (init?.headers ?? {}) as Record<string, string>;
      asked.push(authorization);
      const status = given.refuses?.(authorization);
      if (status !== undefined) return new Response("{}", { status });
      const expires_at = new Date(nowMs + 10 * HOUR).toISOString();
      return Response.json({ token: `t${asked.length}`, expires_at });
    },
  };
  return { kept, asked, later: (ms: number) => (nowMs += ms), open: () => new GuestToken(options) };
}

describe("a visitor's token", () => {
  test("is asked for once, and known after a reload", async () => {
    const { open, asked } = setup();
    const first = open();
    expect(first.isKnown).toBe(false);
    expect(await first.token()).toBe("t1");
    expect(await first.token()).toBe("t1");
    const second = open();
    expect([second.isKnown, await second.token()]).toEqual([true, "t1"]);
    expect(asked).toEqual([undefined]);
  });

  test("is renewed before it ends, as the same visitor's", async () => {
    const { open, asked, later } = setup();
    const guest = open();
    await guest.token();
    later(9.5 * HOUR);
    expect(await guest.token()).toBe("t2");
    expect(asked).toEqual([undefined, "Bearer t1"]);
  });

  test("is another visitor's once it has ended, or the service does not know it", async () => {
    const { open, asked, later } = setup({
      refuses: (token) => (token === "Bearer t1" ? 401 : undefined),
    });
    const guest = open();
    await guest.token();
    later(9.5 * HOUR);
    expect(await guest.token()).toBe("t3");
    later(11 * HOUR);
    expect(await guest.token()).toBe("t4");
    expect(asked).toEqual([undefined, "Bearer t1", undefined, undefined]);
  });

  test("is not given up while the service is away", async () => {
    let isAway = false;
    const { open, later, kept } = setup({ refuses: () => (isAway ? 503 : undefined) });
    const guest = open();
    await guest.token();
    later(9.5 * HOUR);
    isAway = true;
    expect(await guest.token()).toBe("t1");
    later(HOUR);
    await expect(guest.token()).rejects.toThrow("did not answer");
    expect(kept.size).toBe(1);
    isAway = false;
    expect(await guest.token()).toBe("t4");
  });

  test("that is doubted is asked about, and another visitor's where it is refused", async () => {
    const { open, asked } = setup({
      refuses: (token) => (token === "Bearer t2" ? 401 : undefined),
    });
    const guest = open();
    await guest.token();
    guest.doubt();
    expect(await guest.token()).toBe("t2");
    expect(await guest.token()).toBe("t2");
    guest.doubt();
    expect(await guest.token()).toBe("t4");
    expect(asked).toEqual([undefined, "Bearer t1", "Bearer t2", undefined]);
  });

  test("is not to be had where the chat takes no visitors", async () => {
    const { open } = setup({ refuses: () => 403 });
    await expect(open().token()).rejects.toThrow("no visitors");
  });

  test("that was kept as nonsense is none", async () => {
    const { open, kept } = setup();
    for (const nonsense of ["", "null", "{", `{"token":1}`, `[]`]) {
      kept.set("warren-chat guest https://chat.example/chat", nonsense);
      expect(open().isKnown).toBe(false);
    }
  });
});
