import { expect, test } from "vitest";
import { safeLink } from "./safe-link.ts";

test.each([
  { href: "https://a.b/c?d#e", want: "https://a.b/c?d#e" },
  { href: "HTTP://a.b", want: "HTTP://a.b" },
  { href: "mailto:me@a.b", want: "mailto:me@a.b" },
  { href: " java\nscript:alert(1)", want: undefined },
  { href: "\u0001javascript:alert(1)", want: undefined },
  { href: "JaVaScRiPt:alert(1)", want: undefined },
  { href: "data:text/html,<script>", want: undefined },
  { href: "vbscript:x", want: undefined },
  { href: "file:///etc/passwd", want: undefined },
  { href: "blob:https://a.b/1", want: undefined },
  { href: "/relative", want: undefined },
  { href: "//a.b", want: undefined },
  { href: "https://", want: undefined },
  { href: "https:javascript:alert(1)", want: undefined },
])("$href may be followed as $want", ({ href, want }) => {
  expect(safeLink(href)).toBe(want);
});
