import type { RawEnd } from "@warren/host/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrontKit } from "./_front-kit.ts";

/** Connections share a buffer for reading: what one holds back must not change as others speak. */
test("however the requests of several connections are cut and mixed, each arrives as it was sent", async () => {
  await using kit = await FrontKit.start();
  kit.onStream = (stream) => {
    void stream.requested().then(() => stream.answer("200 OK", stream.body.toString("latin1")));
  };
  const pieces = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
  const sizes = fc.array(fc.tuple(pieces, fc.integer({ min: 0, max: 900 })), {
    minLength: 2,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(sizes, async (sizes) => {
      const cuts = sizes.map(([cuts, length], n) => ({ client: kit.send(""), n, cuts, length }));
      const parts = cuts.map((one) => cutUp(requestOf(one.n, one.length), one.cuts));
      for (let round = 0; parts.some((part) => part.length > round); round++) {
        for (const [n, part] of parts.entries()) {
          const piece = part[round];
          if (piece !== undefined) await sent(cuts[n]!.client, piece);
        }
      }
      for (const { client, n, length } of cuts) {
        await client.has(`\r\n\r\n${bodyOf(n, length)}`);
        expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        client.socket.destroy();
      }
    }),
    { numRuns: 60 },
  );
});

function bodyOf(n: number, length: number): string {
  return `<${String(n).repeat(length)}>`;
}
function requestOf(n: number, length: number): string {
  const body = bodyOf(n, length);
  const path = `/${String(n).repeat(200)}`;
  return `POST ${path} HTTP/1.1\r\nHost: app.test\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
/** Pieces of the lengths in `cuts`, over and over, to the end of `text`. */
function cutUp(text: string, cuts: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, n = 0; at < text.length; n++) {
    const length = cuts[n % cuts.length]!;
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}
/** Once the kernel has it: the front reads it on its own. */
function sent({ socket }: RawEnd, piece: string): Promise<void> {
  return new Promise((resolve) => {
    socket.write(piece, "latin1", () => setImmediate(resolve));
  });
}
