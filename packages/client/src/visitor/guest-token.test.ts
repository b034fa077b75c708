import { describe, expect, test } from "vitest";
import { deviceStore } from "./device-store.ts";
import { GuestToken } from "./guest-token.ts";
import { Visitors } from "./visitors.ts";

const HOUR = 3_600_000;

function denied(): never {
  throw new Error("denied");
}

/** A service that hands out tokens for ten hours, and a device that keeps them. */
function setup(given: { refuses?: (token: string | undefined) => number | undefined } = {}) {
  const kept = new Map<string, string>();
  const asked: (string | undefined)[] = [];
  let nowMs = 1_767_225_600_000;
  const url = "https://chat.example/chat";
  const store = deviceStore({
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
  let ids = 0;
  const visitors = () => new Visitors({ url, store, newId: () => `id${++ids}` });
  const options = {
    url,
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
  return {
    kept,
    asked,
    later: (ms: number) => (nowMs += ms),
    visitors,
    open: () => new GuestToken({ ...options, visitors: visitors() }),
  };
}

describe("a visitor's token", () => {
  test("is asked for once, and known after a reload", async () => {
    const { open, asked, visitors } = setup();
    expect(visitors().now).toBeUndefined();
    const first = open();
    expect(await first.token()).toBe("t1");
    expect(await first.token()).toBe("t1");
    expect(await open().token()).toBe("t1");
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
      refuses: (token) => (token === undefined ? undefined : 401),
    });
    const guest = open();
    await guest.token();
    later(9.5 * HOUR);
    expect(await guest.token()).toBe("t3");
    later(11 * HOUR);
    expect(await guest.token()).toBe("t5");
    expect(asked).toEqual([undefined, "Bearer t1", undefined, "Bearer t3", undefined]);
  });

  test("is the same visitor's where it is only the device's clock that says it has ended", async () => {
    const { open, asked, later } = setup();
    await open().token();
    later(11 * HOUR);
    expect(await open().token()).toBe("t2");
    expect(asked).toEqual([undefined, "Bearer t1"]);
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
    const { visitors, kept } = setup();
    for (const nonsense of ["", "null", "{", `{"token":1}`, `[]`]) {
      kept.set("warren-chat guest https://chat.example/chat", nonsense);
      expect(visitors().now?.token).toBeUndefined();
    }
  });

  test("is kept with what was said, which no other visitor sees", async () => {
    const { open, visitors } = setup();
    const { account } = visitors();
    await open().token();
    expect(visitors().account).toBe(account);
    visitors().leave("alice");
    expect(visitors().now).toBeUndefined();
    expect(visitors().leavingFor("alice")).toMatchObject([{ token: "t1", account }]);
    expect(visitors().leavingFor("bob")).toEqual([]);
    expect(await open().token()).toBe("t2");
    expect(visitors().account).not.toBe(account);
    visitors().gone(visitors().leavingFor("alice")[0]!);
    expect(visitors().leavingFor("alice")).toEqual([]);
    expect(visitors().now?.token).toBe("t2");
  });

  test("is known as long as the page is there where the browser keeps nothing", async () => {
    const store = deviceStore({ getItem: denied, setItem: denied, removeItem: denied });
    const visitors = () =>
      new Visitors({ url: "https://chat.example/chat", store, newId: () => "id" });
    visitors().keep({ token: "t", expiresAtMs: 1 });
    expect(visitors().now?.token).toBe("t");
    visitors().leave("alice");
    expect([visitors().now, visitors().leavingFor("alice").length]).toEqual([undefined, 1]);
  });
});
