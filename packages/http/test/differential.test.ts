import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Heard } from "./_heard.ts";
import { requests, responses } from "./_messages.ts";
import { type NodeHeard, nodeReads } from "./_node-reader.ts";
import { weRead } from "./_our-reader.ts";

/** `FUZZ_RUNS=1000000 npx vitest run packages/http/test/differential.test.ts` for a long one. */
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 4000);
const LONG = Math.max(60_000, RUNS * 5);

/**
 * Whatever we take, Node's parser takes, and hears the same: line, fields, body, trailers, whether the
 * connection goes on, and where the next message starts.
 */
function hearsTheSame(ours: Heard, theirs: Heard | undefined, node: NodeHeard): void {
  expect(theirs, JSON.stringify(node.refused)).toBeDefined();
  expect(theirs).toMatchObject({ minor: ours.minor, fields: ours.fields });
  expect(originForm(theirs!.line)).toBe(ours.line);
  // Where we say that the connection goes on, Node must; not the other way round. (Of a response Node
  // says it before it knows that the request was HEAD: there the next message shows it.)
  if (ours.keepAlive && !/^\d/.test(ours.line)) expect(theirs!.keepAlive).toBe(true);
  if (ours.upgrade) expect(theirs!.upgrade).toBe(true);
  if (ours.end === undefined) {
    // An unfinished message: what came of the body so far is the same.
    expect(theirs!.body).toBe(ours.body);
    return;
  }
  expect(theirs).toMatchObject({ body: ours.body, trailers: ours.trailers, end: ours.end });
}

/** Node leaves the absolute-form as it is. */
function originForm(line: string): string {
  const [method, target] = line.split(" ", 2) as [string, string];
  if (!/^https?:/i.test(target)) return line;
  const path = target.replace(/^https?:\/\/[^/?]*/i, "");
  if (path === "") return `${method} ${method === "OPTIONS" ? "*" : "/"}`;
  return `${method} ${path.startsWith("/") ? path : `/${path}`}`;
}

/** Bytes that come at once. */
const pieces = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(10_000));

interface Tally {
  accepted: number;
  refused: number;
  stricter: Map<string, number>;
}

function compare(
  bytes: Buffer,
  answered: readonly string[] | undefined,
  pieceBytes: number,
  tally: Tally,
): void {
  const ours = weRead(bytes, answered, pieceBytes);
  const node = nodeReads(bytes, answered);
  for (const [index, message] of ours.messages.entries()) {
    // An upgrade that we leave alone (a list, h2c) changes what Node takes for the next message only.
    const theirs = node.messages[index];
    if (ours.refused !== undefined && index === ours.messages.length - 1) {
      // Its body was refused: Node may have read it to the end, but its head is the same.
      if (message.end === undefined) {
        expect(theirs).toMatchObject({ minor: message.minor, fields: message.fields });
        break;
      }
    }
    hearsTheSame(message, theirs, node);
    if (message.end !== undefined) tally.accepted++;
    if (theirs!.upgrade) break;
  }
  if (ours.refused === undefined) return;
  tally.refused++;
  if (node.refused !== undefined) return;
  const why = ours.refused.message;
  tally.stricter.set(why, (tally.stricter.get(why) ?? 0) + 1);
}

function run(check: (tally: Tally) => void): void {
  const tally: Tally = { accepted: 0, refused: 0, stricter: new Map() };
  check(tally);
  // A generator that made only rubbish, or nothing bad, would prove nothing.
  expect(tally.accepted).toBeGreaterThan(RUNS / 4);
  expect(tally.refused).toBeGreaterThan(RUNS / 10);
  if (process.env["FUZZ_TALLY"] !== undefined) console.log(tally);
}

test(
  "no request is taken that Node's parser refuses or frames differently",
  { timeout: LONG },
  () => {
    run((tally) => {
      fc.assert(
        fc.property(requests, pieces, (bytes, size) => compare(bytes, undefined, size, tally)),
        { numRuns: RUNS },
      );
    });
  },
);

test(
  "no response is taken that Node's parser refuses or frames differently",
  { timeout: LONG },
  () => {
    const methods = fc.array(fc.constantFrom("GET", "HEAD", "POST"), {
      minLength: 4,
      maxLength: 4,
    });
    run((tally) => {
      fc.assert(
        fc.property(responses, methods, pieces, (bytes, methods, size) =>
          compare(bytes, methods, size, tally),
        ),
        { numRuns: RUNS },
      );
    });
  },
);
