import {
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openOutbox } from "./outbox.ts";

const NEVER = new AbortController().signal;
const HEAD = { from: "chat@example.com", fromName: "Chät", replyTo: undefined };
const MAIL = {
  to: "ada@example.org",
  subject: "Hilfe\r\nBcc: x@y.z",
  text: "Grüße",
  html: "<b>Grüße</b>",
};

function kit(most = 100) {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-outbox-"));
  let now = Date.parse("2026-05-01T10:00:00Z");
  let ids = 0;
  const deps = { wallNow: () => (now += 1000), newId: () => `id${++ids}` };
  const path = join(folder.path, "data", "outbox");
  const outbox = openOutbox({ folder: path, most, head: HEAD }, deps);
  return {
    ...outbox,
    path,
    names: () => readdirSync(path).sort(),
    [Symbol.dispose]: () => folder.remove(),
  };
}

describe("the outbox", () => {
  test("holds a mail as a file that a mail program opens", async () => {
    using box = kit();
    await box.mailer.send(MAIL, NEVER);
    const [name = ""] = box.names();
    expect(name).toMatch(/^2026-05-01T10-00-\d\d-000Z-id\d\.eml$/);
    const eml = readFileSync(join(box.path, name), "latin1");
    const [head = "", ...body] = eml.split("\r\n\r\n");
    expect(head).toContain("From: =?UTF-8?Q?Ch=C3=A4t?= <chat@example.com>\r\n");
    expect(head).toContain("To: ada@example.org\r\n");
    expect(head).toContain("Message-ID: <id1@example.com>");
    expect(head).not.toMatch(/^Bcc:/im);
    expect(body.join()).toContain("Gr=C3=BC=C3=9Fe");
    // RFC 5322 §2.1: CRLF throughout, ASCII.
    expect(eml).not.toMatch(/[^\r]\n|\r[^\n]|\P{ASCII}/u);
  });

  test("holds a short message as text", async () => {
    using box = kit();
    await box.texter.send({ to: "+15551234567", text: "Grüße" }, NEVER);
    const [name = ""] = box.names();
    expect(name).toMatch(/\.txt$/);
    expect(readFileSync(join(box.path, name), "utf8")).toBe("To: +15551234567\n\nGrüße\n");
  });

  test("is for its owner's eyes alone", async () => {
    using box = kit();
    await box.mailer.send(MAIL, NEVER);
    const [name = ""] = box.names();
    expect(statSync(join(box.path, name)).mode & 0o777).toBe(0o600);
    expect(statSync(box.path).mode & 0o777).toBe(0o700);
  });

  test("keeps so many files: the oldest go", async () => {
    using box = kit(3);
    for (let i = 1; i <= 7; i++) await box.texter.send({ to: "+15551234567", text: `${i}` }, NEVER);
    expect(box.names().map((name) => readFileSync(join(box.path, name), "utf8").at(-2))).toEqual([
      "5",
      "6",
      "7",
    ]);
  });

  test("keeps its bound also when many write at once", async () => {
    using box = kit(5);
    await Promise.all(Array.from({ length: 50 }, () => box.mailer.send(MAIL, NEVER)));
    expect(box.names()).toHaveLength(5);
  });

  test("clears what a process that died left half written, and nothing else of others", async () => {
    using box = kit();
    for (const name of ["dead.eml.aa.tmp", "live.eml.bb.tmp", "notes.md"]) {
      writeFileSync(join(box.path, name), "");
    }
    const hourAgo = Date.parse("2026-05-01T08:00:00Z") / 1000;
    const soon = Date.parse("2026-05-01T10:00:00Z") / 1000;
    utimesSync(join(box.path, "dead.eml.aa.tmp"), hourAgo, hourAgo);
    utimesSync(join(box.path, "live.eml.bb.tmp"), soon, soon);
    await box.mailer.send(MAIL, NEVER);
    expect(box.names().filter((name) => !name.startsWith("2026"))).toEqual([
      "live.eml.bb.tmp",
      "notes.md",
    ]);
  });
});
