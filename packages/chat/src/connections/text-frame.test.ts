import { expect, test } from "vitest";
import { textFrame } from "./text-frame.ts";

test.each([
  { name: "nothing", text: "", head: [0x81, 0] },
  { name: "a short text", text: "hi", head: [0x81, 2] },
  { name: "the longest short text", text: "x".repeat(125), head: [0x81, 125] },
  { name: "the shortest longer one", text: "x".repeat(126), head: [0x81, 126, 0, 126] },
  { name: "bytes, not characters", text: "é".repeat(63), head: [0x81, 126, 0, 126] },
  { name: "the longest of two bytes", text: "x".repeat(65_535), head: [0x81, 126, 255, 255] },
  {
    name: "the shortest of eight",
    text: "x".repeat(65_536),
    head: [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0],
  },
])("a frame of $name", ({ text, head }) => {
  const frame = textFrame(text);
  expect([...frame.subarray(0, head.length)]).toEqual(head);
  expect(frame.subarray(head.length).toString("utf8")).toBe(text);
});
