import { expect, test } from "vitest";
import { fileTitle, nameInUrl, sessionName } from "./session-name.ts";

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

test.each([
  { name: "as the file is", file: "Invoice 4711. Final.pdf", want: "Invoice 4711. Final.pdf" },
  { name: "on one line", file: " a\n b.txt", want: "a b.txt" },
  { name: "without a name", file: " ", want: "New Chat" },
  { name: "too long", file: "x".repeat(80), want: `${"x".repeat(47)}...` },
])("a file gives its name, $name", ({ file, want }) => {
  expect(fileTitle(file)).toBe(want);
});

test.each([
  { url: "https://files.test/dir/tax%20form.pdf?v=2", want: "tax form.pdf" },
  { url: "https://files.test/50%.txt", want: "50%.txt" },
  { url: "https://files.test/", want: "" },
  { url: "here", want: "" },
])("a file at $url is called $want", ({ url, want }) => {
  expect(nameInUrl(url)).toBe(want);
});
