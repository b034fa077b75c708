import type { ResponseHead } from "@warren/http";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AnswerReader, type AnswerSink } from "./answer-reader.ts";

/** Writes down what it hears in one line per event, pieces of a body joined. */
class Heard implements AnswerSink {
  readonly events: string[] = [];
  body = "";
  onInformational(head: ResponseHead): void {
    this.events.push(`informational ${head.status}`);
  }
  onFinal(head: ResponseHead, bodiless: boolean): void {
    this.events.push(`final ${head.status}${bodiless ? " bodiless" : ""}`);
  }
  onPiece(piece: Uint8Array): void {
    this.body += Buffer.from(piece).toString("latin1");
  }
  onComplete(trailers: readonly string[], excess: boolean): void {
    this.events.push(`complete ${trailers.join("=")}${excess ? " excess" : ""}`);
  }
  onSwitched(head: ResponseHead, rest: Buffer): void {
    this.events.push(`switched ${head.status}`);
    this.body += rest.toString("latin1");
  }
  onBroken(why: string): void {
    this.events.push(`broken ${why}`);
  }
}

const ANSWERS = [
  "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n",
  "HTTP/1.1 200 OK\r\n\r\nuntil the end",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
  "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
];

test("an answer means the same however its bytes are cut", () => {
  const cases = fc.record({
    answer: fc.constantFrom(...ANSWERS),
    cuts: fc.array(fc.nat(120), { maxLength: 8 }),
  });
  fc.assert(
    fc.property(cases, ({ answer, cuts }) => {
      const whole = readInPieces(answer, []);
      expect(readInPieces(answer, cuts)).toEqual(whole);
    }),
  );
});

/** Each piece comes in the same buffer, which is overwritten by the next, as sockets do it. */
function readInPieces(answer: string, cuts: number[]): { events: string[]; body: string } {
  const heard = new Heard();
  const reader = new AnswerReader(false, heard);
  const shared = Buffer.alloc(256);
  const bounds = [0, ...cuts.filter((cut) => cut < answer.length), answer.length].toSorted(
    (a, b) => a - b,
  );
  for (let i = 1; i < bounds.length; i++) {
    const piece = answer.slice(bounds[i - 1], bounds[i]);
    if (piece === "" || heard.events.some((event) => /^(broken|switched)/.test(event))) continue;
    shared.fill(0x78);
    shared.write(piece, 0, "latin1");
    reader.read(shared.subarray(0, piece.length), false);
  }
  reader.end();
  return { events: heard.events, body: heard.body };
}

test.each([
  { name: "a greeting", said: "220 mail.test ESMTP\r\n" },
  { name: "one byte of something else", said: "S" },
  { name: "lines that end with LF alone", said: "HTTP/1.1 200 OK\ncontent-length: 0\n" },
])("$name is known not to be an answer before a head has come", ({ said }) => {
  const heard = new Heard();
  new AnswerReader(false, heard).read(Buffer.from(said), true);
  expect(heard.events).toEqual(["broken what the service says is not HTTP/1"]);
});

test.each(["H", "HTTP/1.", "HTTP/1.0 200 OK\r"])("%j may become an answer", (said) => {
  const heard = new Heard();
  new AnswerReader(false, heard).read(Buffer.from(said), true);
  expect(heard.events).toEqual([]);
});
