import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  endToEnd,
  endToEndLines,
  fieldOf,
  Forwarding,
  linesOf,
  parseRequestHead,
  parseResponseHead,
  Refusal,
  sourceOf,
} from "../src/index.ts";

const NAMES = [
  ..."host te expect upgrade forwarded connection keep-alive user-agent x-request-id".split(" "),
  ..."http2-settings accept-ranges trailer proxy-connection proxy-authorization x-a".split(" "),
  ..."x-forwarded-for x_forwarded-host x-forwarded-port strict-transport-security a".split(" "),
];
const name = fc
  .tuple(fc.constantFrom(...NAMES), fc.nat(2))
  .map(([name, how]) => (how === 0 ? name.toUpperCase() : how === 1 ? capital(name) : name));
const value = fc.constantFrom("", "1", "a  b", "x-a, close", "keep-alive", "\u00e9", "a:b");
const blanks = fc.constantFrom("", " ", "  ", "\t", " \t ");
const line = fc
  .tuple(name, blanks, value, blanks)
  .map(([name, before, value, after]) => `${name}:${before}${value}${after}`);
const lines = fc.array(line, { maxLength: 8 });

function capital(name: string): string {
  return name.replaceAll(/(^|-)([a-z])/g, (all) => all.toUpperCase());
}
/** In the middle of other bytes, as a read leaves it. */
function source(text: string) {
  return { ...sourceOf(`xx${text}a: b`), from: 2, text };
}

describe("the lines that go on to the next hop", () => {
  test("are those that the list of a response's fields would be written as", () => {
    fc.assert(
      fc.property(lines, (lines) => {
        const text = ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n");
        const head = parseResponseHead(source(text), { method: "GET" });
        if (head instanceof Refusal) return;
        const kept = endToEnd(head);
        expect(endToEndLines(head)).toBe(linesOf(kept));
        expect(head.requestId).toBe(fieldOf(kept, "x-request-id"));
        expect(head.keepAliveWords).toBe(fieldOf(head.fields, "keep-alive"));
      }),
    );
  });

  test.each([{ trusted: false }, { trusted: true }])(
    "are the same for a request, read as lines or as a list (trusted: $trusted)",
    ({ trusted }) => {
      fc.assert(
        fc.property(lines, (lines) => {
          const text = ["GET / HTTP/1.1", "Host: a", ...lines, "", ""].join("\r\n");
          const head = parseRequestHead(source(text));
          if (head instanceof Refusal) return;
          const { fields, connection } = head;
          const forwarding = new Forwarding({ address: "::1", proto: "http", trusted });
          const asList = forwarding.lines({ fields, connection, lines: undefined }, "a");
          expect(forwarding.lines(head, "a")).toBe(asList);
        }),
      );
    },
  );

  test("leave out what Connection names, also the request's id", () => {
    const text = "HTTP/1.1 200 OK\r\nX-Request-Id: a\r\nB: c\r\nConnection: x-request-id\r\n\r\n";
    const head = parseResponseHead(source(text), { method: "GET" });
    if (head instanceof Refusal) throw new Error(head.message);
    expect(endToEndLines(head)).toBe("B: c\r\n");
    expect(head.requestId).toBeUndefined();
  });
});
