import { createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { classifyNetwork, classifyStatus } from "./guard-classify.ts";
import { freePort } from "./testing/free-port.ts";

describe("a status", () => {
  test.each([
    { name: "a request that is wrong", status: 400, kind: "not-a-failure" },
    { name: "a wrong password", status: 401, kind: "permanent" },
    { name: "a missing right", status: 403, kind: "permanent" },
    { name: "nothing there", status: 404, kind: "not-a-failure" },
    { name: "a request that took too long", status: 408, kind: "transient" },
    { name: "a conflict", status: 409, kind: "not-a-failure" },
    { name: "an unknown refusal", status: 477, kind: "not-a-failure" },
    { name: "too many requests", status: 429, kind: "deferred" },
    { name: "an internal error", status: 500, kind: "transient" },
    { name: "a method that is not known", status: 501, kind: "not-a-failure" },
    { name: "a proxy without its service", status: 502, kind: "transient" },
    { name: "an overload", status: 503, kind: "transient" },
    { name: "a proxy that waited too long", status: 504, kind: "transient" },
    { name: "an overloaded model", status: 529, kind: "transient" },
  ])("of $name is $kind", ({ status, kind }) => {
    expect(classifyStatus(status)).toBe(kind);
  });
});

describe("the network", () => {
  test("refuses a connection: transient, also within fetch's own error", async () => {
    const refused = await fetch(`http://127.0.0.1:${await freePort()}/`).catch((error) => error);
    expect(classifyNetwork(refused)).toBe("transient");
  });

  test("cuts a connection: transient", async () => {
    const server = createServer((socket) => socket.resetAndDestroy()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const cut = await fetch(`http://127.0.0.1:${port}/`).catch((error) => error);
    server.close();
    expect(classifyNetwork(cut)).toBe("transient");
  });

  test.each([
    { name: "a bug", error: new TypeError("fetch failed") },
    { name: "an error that only speaks of a time-out", error: new Error("ETIMEDOUT timeout") },
    { name: "no error at all", error: "ECONNRESET" },
  ])("is not blamed for $name", ({ error }) => {
    expect(classifyNetwork(error)).toBeUndefined();
  });

  test("is found among several, and a circle of causes ends", () => {
    const reset = Object.assign(new Error("reset"), { code: "ECONNRESET" });
    expect(classifyNetwork(new AggregateError([new Error("other"), reset]))).toBe("transient");
    const circle = new Error("circle");
    circle.cause = circle;
    expect(classifyNetwork(circle)).toBeUndefined();
  });
});
