import { describe, expect, test } from "vitest";
import { SnapshotParts } from "../src/registry/snapshot-parts.ts";

const message = (revision: number, routes: unknown[], part?: { index: number; last: boolean }) => ({
  action: "sync" as const,
  revision,
  routes,
  ...(part && { part }),
});

describe("snapshots in parts", () => {
  test("a message without parts is whole", () => {
    expect(new SnapshotParts({ routes: 9, bytes: 1_000 }).join(message(1, [1]), 100)).toEqual(
      message(1, [1]),
    );
  });

  test("parts are joined in order, with the last", () => {
    const parts = new SnapshotParts({ routes: 9, bytes: 1_000 });
    expect(parts.join(message(1, [1, 2], { index: 0, last: false }), 100)).toBe("more");
    expect(parts.join(message(1, [3], { index: 1, last: true }), 100)).toEqual(
      message(1, [1, 2, 3]),
    );
    expect(parts.join(message(2, [4], { index: 0, last: true }), 100)).toEqual(message(2, [4]));
  });

  test.each([
    { name: "out of order", next: message(1, [3], { index: 2, last: true }) },
    { name: "of another revision", next: message(2, [3], { index: 1, last: true }) },
    { name: "too many", next: message(1, [3, 4, 5], { index: 1, last: true }) },
  ])("a part that is $name breaks them, and a new start mends them", ({ next }) => {
    const parts = new SnapshotParts({ routes: 4, bytes: 1_000 });
    parts.join(message(1, [1, 2], { index: 0, last: false }), 100);
    expect(parts.join(next, 100)).toBe("broken");
    expect(parts.join(message(1, [9], { index: 1, last: true }), 100)).toBe("broken");
    expect(parts.join(message(3, [1], { index: 0, last: true }), 100)).toEqual(message(3, [1]));
  });

  test("routes that are few and huge are too many as well", () => {
    const parts = new SnapshotParts({ routes: 100, bytes: 1_000 });
    const part = (index: number) => message(1, [1], { index, last: false });
    expect([0, 1, 2].map((index) => parts.join(part(index), 400))).toEqual([
      "more",
      "more",
      "broken",
    ]);
    expect(parts.join(message(2, [1], { index: 0, last: true }), 900)).toEqual(message(2, [1]));
  });
});
