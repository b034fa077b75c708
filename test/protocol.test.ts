// docs/protocol.md against the code: what it lists is there, and what is there is listed.
import { readFileSync } from "node:fs";
import { CONTROL, FRAME, Route, SUBPROTOCOL, TUNNEL_PATH } from "@warren/wire";
import { expect, test } from "vitest";
import { code, tableUnder } from "./_tables.ts";

const PROTOCOL = "docs/protocol.md";
const page = readFileSync(PROTOCOL, "utf8");

test("every control message is listed once, in the order of the schemas", () => {
  const rows = tableUnder(PROTOCOL, "4. Control messages");
  expect(rows.map(([type]) => type)).toEqual(Object.keys(CONTROL).map(code));
});

test("every frame type is listed with its number", () => {
  const rows = tableUnder(PROTOCOL, "3. Frames");
  expect(rows.map(([type, name]) => [name, Number(type)])).toEqual(Object.entries(FRAME));
});

test("every field of a route is listed once, in the order of the schema", () => {
  const rows = tableUnder(PROTOCOL, "A route");
  expect(rows.map(([field]) => field)).toEqual(Object.keys(Route.pipe[0].entries).map(code));
});

test("path and subprotocol are those of the code", () => {
  expect(page).toContain(`GET ${TUNNEL_PATH} HTTP/1.1`);
  expect(page).toContain(`Sec-WebSocket-Protocol: ${SUBPROTOCOL}\n`);
});

test("every guarantee names tests that exist", () => {
  const guarantees = page
    .slice(page.indexOf("## 14. Guarantees"))
    .split(/^\d+\. /m)
    .slice(1);
  expect(guarantees.length).toBeGreaterThan(20);
  for (const guarantee of guarantees) {
    const named = [...guarantee.matchAll(/^ {3,4}- `([^`]+)`: (.+)$/gm)];
    expect(named.length, guarantee).toBeGreaterThan(0);
    for (const [, file, name] of named) expect(readFileSync(file!, "utf8")).toContain(name);
  }
});
