import { expect, test } from "vitest";
import { MuxStream, NOBODY, type StreamHost } from "./stream.ts";
import { Pool } from "./pool.ts";
import { Turns } from "./turns.ts";

const host: StreamHost = {
  pool: new Pool(0),
  attached: true,
  ready() {},
  sendReset() {},
  sendStop() {},
  consumed() {},
  finished() {},
};
/** Serves `count` turns; a stream that was served enters again. */
function serve(turns: Turns, sparse: ReadonlySet<number>, count: number, bulk = true): number[] {
  return Array.from({ length: count }, () => {
    const stream = turns.next(bulk);
    if (stream === undefined) return 0;
    turns.enter(stream, sparse.has(stream.id));
    return stream.id;
  });
}
function line(ids: readonly number[], sparse: readonly number[]) {
  const turns = new Turns();
  const little = new Set(sparse);
  for (const id of ids) turns.enter(new MuxStream(id, host, NOBODY), little.has(id));
  return { turns, little };
}

test("bulk senders take turns", () => {
  const { turns, little } = line([1, 2, 3], []);
  expect(serve(turns, little, 6)).toEqual([1, 2, 3, 1, 2, 3]);
});

test("streams with little to say go first, but one in nine turns is a bulk sender's", () => {
  const { turns, little } = line([1, 2, 3], [2, 3]);
  const served = serve(turns, little, 27);
  expect(served.slice(0, 9)).toEqual([2, 3, 2, 3, 2, 3, 2, 3, 1]);
  expect(served.filter((id) => id === 1)).toHaveLength(3);
});

test("without room for a slice only streams with little to say are served", () => {
  const { turns, little } = line([1, 2], [2]);
  expect(serve(turns, little, 20, false)).toEqual(Array.from({ length: 20 }, () => 2));
  expect(serve(turns, little, 1)).toEqual([1]);
});

test("who was served is out of line until it enters again", () => {
  const { turns } = line([1], []);
  expect(turns.contended).toBe(true);
  const stream = turns.next(true)!;
  expect([stream.inLine, turns.empty, turns.contended]).toEqual([false, true, false]);
  expect(turns.next(true)).toBeUndefined();
});
