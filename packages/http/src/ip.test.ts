import { expect, test } from "vitest";
import { ipBytes, ipText } from "./ip.ts";

test.each([
  { text: "1.2.3.4", again: "1.2.3.4" },
  { text: "::", again: "::" },
  { text: "::1", again: "::1" },
  { text: "1::", again: "1::" },
  { text: "FE80::0001:0", again: "fe80::1:0" },
  { text: "1:2:3:4:5:6:7:8", again: "1:2:3:4:5:6:7:8" },
  { text: "1:0:0:2:0:0:0:3", again: "1:0:0:2::3" },
  { text: "1:2:3:0:5:6:7:8", again: "1:2:3:0:5:6:7:8" },
  { text: "::ffff:1.2.3.4", again: "1.2.3.4" },
  { text: "64:ff9b::1.2.3.4", again: "64:ff9b::102:304" },
])("$text is written $again", ({ text, again }) => {
  expect(ipText(ipBytes(text)!)).toBe(again);
});

test.each([
  "",
  "1",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  "1.2.3.",
  "a.b.c.d",
  ":",
  ":::",
  "1:2",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7::8",
  "::12345",
  "::g",
  "::1%eth0",
  "1.2.3.4::",
  "::1.2.3",
  ":1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:",
])("%j is no address", (text) => {
  expect(ipBytes(text)).toBeUndefined();
});
