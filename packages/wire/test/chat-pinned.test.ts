import { expect, test } from "vitest";
import * as wire from "../src/index.ts";
import { digestOf, shape } from "./_shape.ts";

/**
 * What is said in the chat, in both dialects, as one digest per version. When this test fails the
 * protocol has changed: other releases and other people's clients are out there. A change that they
 * understand (a new frame, a new optional field, a new code) takes a new digest here; any other takes a new
 * CHAT_PROTOCOL and a line of its own.
 */
const PINNED: Record<number, string> = {
  1: "42f6861a3b2cfe84",
};

test("nobody changes the chat's protocol by accident", () => {
  const said = {
    chatbox: [shape(wire.CLIENT_FRAMES), shape(wire.SERVER_FRAMES)],
    messaging: [shape(wire.MESSAGING_CLIENT_FRAMES), shape(wire.MESSAGING_SERVER_FRAMES)],
    limits: [wire.CHAT_LIMITS, wire.MESSAGING_LIMITS],
    codes: wire.CHAT_CODES,
  };
  expect({ version: wire.CHAT_PROTOCOL, digest: digestOf(said) }).toEqual({
    version: wire.CHAT_PROTOCOL,
    digest: PINNED[wire.CHAT_PROTOCOL],
  });
});
