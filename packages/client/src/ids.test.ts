import { expect, test } from "vitest";
import { uuids } from "./ids.ts";

const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));

test("ids are UUIDs of version 7 that sort as they were made, whatever the clock does", () => {
  const times = [1_000, 1_000, 5_000, 900, 5_000];
  let at = 0;
  const next = uuids(() => times[at++ % times.length]!, randomBytes);
  const made = Array.from({ length: 20_000 }, next);
  expect(
    made.filter(
      (id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id),
    ),
  ).toEqual([]);
  expect(made).toEqual([...made].sort());
  expect(new Set(made).size).toBe(made.length);
});
