import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Conversation } from "./conversation.ts";

beforeEach(() => {
  const page = new EventTarget();
  vi.stubGlobal("location", new URL("http://page.test/"));
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
});
afterEach(() => void vi.unstubAllGlobals());

test("a new conversation is drawn before one is told that it has begun", async () => {
  const shown = { url: "http://127.0.0.1:1/chat", token: async () => "a token" };
  using conversation = new Conversation(shown);
  const drawn: number[] = [];
  conversation.subscribe(() => drawn.push(conversation.round));
  const before = conversation.session;
  expect(await conversation.begin()).toBe(true);
  expect(drawn).toEqual([1]);
  expect(conversation.session).not.toBe(before);
});
