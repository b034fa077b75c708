import { Recorder } from "@warren/tunnel/testing";
import { WireError } from "@warren/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { streamPair, WINDOW_BYTES } from "./stream-pair.ts";

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

function pair() {
  const [opener, accepter] = [new Recorder(), new Recorder()];
  const said: string[] = [];
  const broken: unknown[] = [];
  const ends = streamPair({
    owner: opener,
    onHead: () => said.push("head"),
    onReset: (error) => (error.code === "upstream_unreachable" ? REFUSED : error),
    onOver: () => said.push("over"),
    broke: (reason) => broken.push(reason),
  });
  ends.far.owner = accepter;
  return { ...ends, opener, accepter, said, broken };
}
const REFUSED = new WireError("refused", "nobody there");

test("what one side says the other hears in order, and not before this turn's end", async () => {
  const { near, far, opener, accepter, said } = pair();
  near.write(Buffer.from("ab"), false);
  near.write(Buffer.from("c"), true);
  far.head(Buffer.from("HEAD"), false);
  far.write(Buffer.from("x"), false);
  far.trailers(Buffer.from("T"));
  expect([opener.heads.length, accepter.chunks.length]).toEqual([0, 0]);
  await turn();
  expect(Buffer.concat(accepter.chunks).toString()).toBe("abc");
  expect(accepter.ended).toBe(true);
  expect(opener.heads.map(String)).toEqual(["HEAD"]);
  expect(Buffer.concat(opener.chunks).toString()).toBe("x");
  expect(opener.ended).toBe(true);
  expect(near.open || far.open).toBe(false);
  expect(said).toEqual(["head", "over"]);
});

test("a sender waits at the window until its bytes have gone on", async () => {
  const { near, far, opener } = pair();
  expect(near.write(new Uint8Array(WINDOW_BYTES - 1), false)).toBe(true);
  expect(near.write(new Uint8Array(1), false)).toBe(false);
  await turn();
  expect(opener.writable).toBe(0);
  far.consumed(1);
  await turn();
  expect(opener.writable).toBe(1);
  expect(near.writable).toBe(true);
});

test("a reset ends both sides, and the opener hears what the watch makes of it", async () => {
  const { near, far, opener, accepter, said } = pair();
  near.write(Buffer.from("lost"), false);
  far.reset(new WireError("upstream_unreachable", "refused"));
  near.reset(new WireError("cancelled", "late"));
  await turn();
  expect(opener.error).toBe(REFUSED);
  expect(accepter.error).toBeUndefined();
  expect(said).toEqual(["over"]);
  expect(near.open).toBe(false);
});

test("what comes after a stop is dropped and costs no credit", async () => {
  const { near, far, accepter, opener } = pair();
  far.stop();
  near.write(new Uint8Array(WINDOW_BYTES), false);
  expect(near.writable).toBe(true);
  await turn();
  expect(accepter.chunks).toEqual([]);
  expect(opener.stopped).toBe(true);
});

test("an owner that throws costs its stream and nothing else", async () => {
  const { near, accepter, opener, broken } = pair();
  accepter.onData = () => {
    throw new Error("bug");
  };
  near.write(Buffer.from("x"), false);
  await turn();
  await turn();
  expect(broken).toMatchObject([{ message: "bug" }]);
  expect(opener.error?.code).toBe("internal");
  expect(accepter.error?.code).toBe("internal");
});

test("every byte arrives once and in order, however it is cut and taken", async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(sizes, async (given) => {
      const { near, far, accepter } = pair();
      let sent = 0;
      accepter.onData = (stream, chunk) => {
        accepter.chunks.push(chunk);
        stream.consumed(chunk.length);
      };
      for (const size of given) {
        while (!near.writable) await turn();
        near.write(Buffer.alloc(size, sent++), false);
      }
      near.end();
      far.end();
      while (!accepter.ended) await turn();
      const want = given.map((size, n) => Buffer.alloc(size, n));
      expect(Buffer.concat(accepter.chunks).equals(Buffer.concat(want))).toBe(true);
    }),
    { numRuns: 50 },
  );
});
