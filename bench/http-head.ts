/**
 * What reading a small request's head costs, against a bare parser that splits and checks nothing.
 * `node bench/http-head.ts`: nanoseconds per head, medians of interleaved rounds.
 */
import {
  endToEnd,
  linesOf,
  findHeadEnd,
  Forwarding,
  parseRequestHead,
  Refusal,
  requestHeadText,
  type RequestHead,
} from "../packages/http/src/index.ts";

const ROUNDS = 9;
const PER_ROUND = 200_000;
const bytes = Buffer.from(
  [
    "GET /api/items?page=2 HTTP/1.1",
    "Host: app.example.com",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language: en-US,en;q=0.5",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Connection: keep-alive",
    "",
    "",
  ].join("\r\n"),
  "latin1",
);

function textOf(): string {
  return bytes.toString("latin1", 0, findHeadEnd(bytes, 0));
}
function strict(): RequestHead {
  const head = parseRequestHead({ bytes, from: 0, text: textOf() });
  if (head instanceof Refusal) throw new Error(head.message);
  return head;
}
/** What a prototype does: split, and trust everything. */
function bare(): { method: string; fields: string[] } {
  const lines = bytes.toString("latin1", 0, bytes.indexOf("\r\n\r\n")).split("\r\n");
  const [method] = lines[0]!.split(" ");
  const fields: string[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(":");
    fields.push(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { method: method!, fields };
}
const forwarding = new Forwarding({ address: "192.0.2.1", proto: "http", trusted: false });
function rewritten(): string {
  const head = strict();
  return requestHeadText(head, forwarding.lines(head, "app.example.com"));
}
function relayed(): string {
  const head = strict();
  return requestHeadText(head, linesOf(endToEnd(head)));
}

const subjects: Record<string, () => unknown> = {
  "bare split": bare,
  "text alone": textOf,
  parseRequestHead: strict,
  "parse, endToEnd, write": relayed,
  "parse, forward, write": rewritten,
};
const measured = new Map(Object.keys(subjects).map((name) => [name, [] as number[]]));
let sink: unknown;
for (let round = -2; round < ROUNDS; round++) {
  for (const [name, run] of Object.entries(subjects)) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < PER_ROUND; i++) sink = run();
    const ns = Number(process.hrtime.bigint() - start) / PER_ROUND;
    if (round >= 0) measured.get(name)!.push(ns);
  }
}
const median = (name: string) => measured.get(name)!.sort((a, b) => a - b)[ROUNDS >> 1]!;
console.log(`head of ${bytes.length} bytes, 6 fields (${typeof sink})`);
for (const name of measured.keys()) {
  const ns = median(name);
  console.log(
    `${name.padEnd(24)} ${ns.toFixed(0).padStart(6)} ns  ${(ns / median("bare split")).toFixed(2)}x`,
  );
}
