import type { IncomingMessage } from "node:http";
import { duplexPair } from "node:stream";
import { text } from "node:stream/consumers";
import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { Door, type DoorOptions } from "./door.ts";

const nothing = () => {};

test("a handshake during which the door is shut is told to come back elsewhere", async () => {
  const elsewhere = Promise.withResolvers<number>();
  const door = new Door({
    paths: new Set(["/ws"]),
    openPaths: new Set(),
    verifier: { verify: async () => ({ userId: "alice", name: "Alice", isAdmin: false }) },
    origins: { allows: () => true },
    limits: { take: async () => 0 },
    takesQueryTokens: false,
    mostOfUser: 10,
    most: 10,
    elsewhere: () => elsewhere.promise,
    addressOf: (peer: string) => peer,
    deps: { clock: virtualClock(), closeMs: 1_000, events: { sent: nothing } },
    events: { opened: nothing, closed: nothing, refused: nothing },
  } as unknown as DoorOptions);
  const request = { url: "/ws", headers: { authorization: "Bearer token" }, socket: {} };
  const [socket, client] = duplexPair();
  const asked = door.upgrade(request as unknown as IncomingMessage, socket, Buffer.alloc(0));
  door.shut();
  elsewhere.resolve(0);
  await asked;
  expect(await text(client)).toMatch(/^HTTP\/1\.1 503 .*DRAINING/s);
  expect(door.size).toBe(0);
  door[Symbol.dispose]();
});
