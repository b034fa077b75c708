import { KIND } from "@warren/wire";
import { expect, test } from "vitest";
import { clientAddress, clientName } from "./client-address.ts";

const head = (...lines: string[]) =>
  ["GET / HTTP/1.1", "host: a.test", ...lines, "", ""].join("\r\n");

test.each([
  { name: "what the gateway wrote", said: head("x-forwarded-for: 192.0.2.1"), want: "192.0.2.1" },
  {
    name: "the first of a chain",
    said: head("x-forwarded-for: 192.0.2.1, 10.0.0.2"),
    want: "192.0.2.1",
  },
  { name: "IPv6", said: head("x-forwarded-for: 2001:db8::1"), want: "2001:db8::1" },
  { name: "IPv4 with a port", said: head("x-forwarded-for: 192.0.2.1:4711"), want: "192.0.2.1" },
  {
    name: "IPv6 with a port",
    said: head("x-forwarded-for: [2001:db8::1]:4711"),
    want: "2001:db8::1",
  },
  { name: "nothing", said: head("accept: */*"), want: undefined },
  { name: "an empty field", said: head("x-forwarded-for: "), want: undefined },
  {
    name: "a value of many kilobytes",
    said: head(`x-forwarded-for: ${"9".repeat(9_000)}`),
    want: undefined,
  },
  {
    name: "a name that only ends like it",
    said: head("not-x-forwarded-for: 192.0.2.1"),
    want: undefined,
  },
  {
    name: "a head that is cut short",
    said: "GET / HTTP/1.1\r\nx-forwarded-for: 192.0.2.1",
    want: "192.0.2.1",
  },
])("an HTTP head with $name", ({ said, want }) => {
  const bytes = Buffer.from(`key${said}`, "latin1");
  expect(clientAddress(bytes, 3, KIND.http)).toBe(want);
});

test.each([
  { name: "none", lines: ["x-forwarded-for: 192.0.2.1"], want: undefined },
  { name: "the gateway's", lines: ["x-forwarded-client: 9f86-1"], want: "9f86-1" },
  {
    name: "the gateway's, behind another's",
    lines: ["x-forwarded-client: evil", "x-forwarded-client: 9f86-1", "x-request-id: 1"],
    want: "9f86-1",
  },
])("a client's name: $name", ({ lines, want }) => {
  expect(clientName(Buffer.from(`key${head(...lines)}`, "latin1"), 3)).toBe(want);
});

test.each([
  { said: "PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\n", want: "192.0.2.1" },
  { said: "PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", want: "2001:db8::1" },
  { said: "PROXY UNKNOWN\r\n", want: undefined },
  { said: "garbage\r\n", want: undefined },
])("a PROXY line: $said", ({ said, want }) => {
  expect(clientAddress(Buffer.from(said, "latin1"), 0, KIND.tcp)).toBe(want);
});
