import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import type { ApiDeps, Env } from "./http.ts";
import { privacyRoutes } from "./privacy-routes.ts";

const alice = { userId: "alice", name: "alice", isAdmin: false };

/** The routes alone, over a socket, with what they ask in the hands of the test. */
async function serving(given: Partial<Record<"exporter" | "eraser", object>>) {
  const clock = virtualClock();
  const limits = { take: async () => 0 };
  const deps = { ...given, clock, limits } as unknown as ApiDeps;
  const app = new Hono<Env>().route(
    "/",
    privacyRoutes(deps, async (c, next) => {
      c.set("identity", alice as Env["Variables"]["identity"]);
      await next();
    }),
  );
  const respond = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void respond(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const close = async () => void (server.closeAllConnections(), server.close());
  return { clock, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

async function* of() {
  yield '{"user_id":"alice"';
  await Promise.resolve();
  throw new Error("the store is away");
}

test("an export that fails in its midst is broken off, and does not pass for the whole", async () => {
  await using server = await serving({ exporter: { of } });
  const response = await fetch(`${server.url}/me/export`);
  await expect(response.text()).rejects.toThrow();
});

test("an erasure that takes long goes on, and whoever asked is told so", async () => {
  const erasing = Promise.withResolvers<object>();
  const asked = Promise.withResolvers<void>();
  const user = () => {
    asked.resolve();
    return erasing.promise;
  };
  await using server = await serving({ eraser: { user } });
  const answer = fetch(`${server.url}/me/data`, { method: "DELETE" });
  await asked.promise;
  // The wait for it begins in the turn in which it was asked for.
  await new Promise(setImmediate);
  server.clock.advance(20_000);
  const response = await answer;
  expect(response.status).toBe(202);
  expect(await response.json()).toMatchObject({ status: "erasing" });
  erasing.reject(new Error("it is gone on with by itself"));
});
