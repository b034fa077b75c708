import { expect, test } from "vitest";
import { sessionName } from "./session-name.ts";

test.each([
  { name: "the first sentence", said: "How are you? I am fine.", want: "How are you?" },
  { name: "the first line", said: "Hello there\nand more", want: "Hello there" },
  { name: "a number is no end", said: "Is pi 3.14 or so? Yes", want: "Is pi 3.14 or so?" },
  { name: "nothing to say", said: "  \n ", want: "New Chat" },
  { name: "short and whole", said: "Hi", want: "Hi" },
  {
    name: "too long, cut at a word",
    said: "word ".repeat(20),
    want: `${"word ".repeat(9).trim()}...`,
  },
  { name: "one long word", said: "x".repeat(80), want: `${"x".repeat(47)}...` },
  { name: "emoji stay whole", said: "👩‍👩‍👧".repeat(60), want: `${"👩‍👩‍👧".repeat(47)}...` },
])("$name", ({ said, want }) => {
  expect(sessionName(said)).toBe(want);
});
