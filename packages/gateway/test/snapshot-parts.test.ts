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
    expect(new SnapshotParts(9).join(message(1, [1]))).toEqual(message(1, [1]));
  });

  test("parts are joined in order, with the last", () => {
    const parts = new SnapshotParts(9);
    expect(parts.join(message(1, [1, 2], { index: 0, last: false }))).toBe("more");
    expect(parts.join(message(1, [3], { index: 1, last: true }))).toEqual(message(1, [1, 2, 3]));
    expect(parts.join(message(2, [4], { index: 0, last: true }))).toEqual(message(2, [4]));
  });

  test.each([
    { name: "out of order", next: message(1, [3], { index: 2, last: true }) },
    { name: "of another revision", next: message(2, [3], { index: 1, last: true }) },
    { name: "too many", next: message(1, [3, 4, 5], { index: 1, last: true }) },
  ])("a part that is $name breaks them, and a new start mends them", ({ next }) => {
    const parts = new SnapshotParts(4);
    parts.join(message(1, [1, 2], { index: 0, last: false }));
    expect(parts.join(next)).toBe("broken");
    expect(parts.join(message(1, [9], { index: 1, last: true }))).toBe("broken");
    expect(parts.join(message(3, [1], { index: 0, last: true }))).toEqual(message(3, [1]));
  });
});
