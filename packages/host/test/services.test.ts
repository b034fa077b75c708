import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { privateRedis, programPath, service } from "../src/testing/index.ts";

afterEach(() => vi.unstubAllEnvs());

describe("what a test needs", () => {
  test("is given when it is there", () => {
    vi.stubEnv("SOME_URL", "redis://a");
    expect(service("SOME_URL")).toBe("redis://a");
    expect(programPath("sh")).toMatch(/\/sh$/);
  });

  test.each([
    {
      name: "a service",
      ask: () => service("SOME_URL"),
      missing: "the variable SOME_URL is not set",
    },
    {
      name: "a program",
      ask: () => programPath("no-such-thing"),
      missing: "no-such-thing is not installed",
    },
  ])("is said to be missing: $name", ({ ask, missing }) => {
    vi.stubEnv("WARREN_REQUIRE_SERVICES", "");
    using said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(ask()).toBeUndefined();
    expect(String(said.mock.calls[0]?.[0])).toContain(missing);
    vi.stubEnv("WARREN_REQUIRE_SERVICES", "1");
    expect(ask).toThrow(missing);
  });
});

async function ask(url: string, words: string): Promise<string> {
  const { port } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.end(`${words}\r\n`);
  return String((await once(socket, "data"))[0]);
}

const redis = programPath("redis-server");

describe.skipIf(redis === undefined)("a private Redis", () => {
  test("answers, can be flushed, killed and started again on its port", async () => {
    await using server = await privateRedis(redis ?? "");
    expect(await ask(server.url, "SET a 1")).toBe("+OK\r\n");
    await server.flush();
    expect(await ask(server.url, "GET a")).toBe("$-1\r\n");
    await server.kill();
    await expect(ask(server.url, "PING")).rejects.toThrow("ECONNREFUSED");
    await server.restart();
    expect(await ask(server.url, "PING")).toBe("+PONG\r\n");
  });

  test("and another find ports of their own", async () => {
    await using one = await privateRedis(redis ?? "");
    await using other = await privateRedis(redis ?? "");
    expect(one.url).not.toBe(other.url);
  });
});
