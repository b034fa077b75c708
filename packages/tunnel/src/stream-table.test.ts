import fc from "fast-check";
import { expect, test } from "vitest";
import { Pool } from "./pool.ts";
import { MuxStream, NOBODY, type StreamHost } from "./stream.ts";
import { homeOf, StreamTable } from "./stream-table.ts";

const host: StreamHost = {
  pool: new Pool(1),
  attached: true,
  ready() {},
  sendReset() {},
  sendStop() {},
  consumed() {},
  finished() {},
};
const stream = (id: number) => new MuxStream(id, host, NOBODY);

test("it answers as a Map does, whatever comes and goes in whatever order", () => {
  // Few values, far apart and close together: they fall on each other's places.
  const id = fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 0, max: 9 }).map((n) => 4_294_967_295 - 16 * n),
  );
  const step = fc.record({ id, remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new StreamTable();
      const model = new Map<number, MuxStream>();
      for (const { id, remove } of steps) {
        if (remove) expect(table.delete(id)).toBe(model.delete(id));
        else if (!table.has(id)) {
          const added = stream(id);
          table.add(added);
          model.set(id, added);
        }
        expect(table.size).toBe(model.size);
        expect(table.get(id)).toBe(model.get(id));
      }
      for (const [id, one] of model) expect(table.get(id)).toBe(one);
      expect(new Set(table.values())).toEqual(new Set(model.values()));
    }),
  );
});

test("twenty thousand come, all but a few go, and the few are found", () => {
  const table = new StreamTable();
  for (let id = 1; id <= 20_000; id++) table.add(stream(id));
  for (let id = 1; id <= 20_000; id++) if (id % 1_000 !== 0) expect(table.delete(id)).toBe(true);
  expect([...table.values()].map((one) => one.id).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, n) => (n + 1) * 1_000),
  );
  table.clear();
  expect([table.size, table.has(1_000)]).toEqual([0, false]);
});

test("who is removed while others are visited is not visited", () => {
  const table = new StreamTable();
  const ids = [1, 2, 3];
  for (const id of ids) table.add(stream(id));
  const seen: number[] = [];
  for (const { id } of table.values()) {
    seen.push(id);
    for (const other of ids) if (other !== id) table.delete(other);
  }
  expect(seen).toHaveLength(1);
});

test.each([
  { name: "the streams of one side", step: 2 },
  { name: "streams of both sides", step: 1 },
  { name: "every 1,024th stream", step: 2_048 },
])("$name that were opened in a row and stay are no wall in the way of others", ({ step }) => {
  const slots = 32_768;
  const taken = new Uint8Array(slots);
  for (let n = 0; n < 10_000; n++) {
    let at = homeOf(1 + n * step, slots - 1);
    while (taken[at] === 1) at = (at + 1) % slots;
    taken[at] = 1;
  }
  let longest = 0;
  for (let at = 0, run = 0; at < 2 * slots; at++) {
    run = taken[at % slots] === 1 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  expect(longest).toBeLessThan(100);
});
