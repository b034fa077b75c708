import { describe, expect, test } from "vitest";
import { SnapshotParts } from "../src/registry/snapshot-parts.ts";

const head = (revision: number, part?: { index: number; last: boolean }) => ({
  action: "sync" as const,
  revision,
  ...(part && { part }),
});
const whole = (revision: number, ...texts: string[]) => ({
  ...head(revision),
  texts,
  rejected: [],
  complete: true,
});

describe("snapshots in parts", () => {
  test("a message without parts is whole", () => {
    expect(new SnapshotParts().join(head(1), "a")).toEqual(whole(1, "a"));
  });

  test("parts are joined in order, with the last, and kept no longer", () => {
    const parts = new SnapshotParts();
    expect(parts.join(head(1, { index: 0, last: false }), "one")).toBe("more");
    expect(parts.length).toBe(3);
    expect(parts.join(head(1, { index: 1, last: true }), "two")).toEqual(whole(1, "one", "two"));
    expect(parts.length).toBe(0);
    expect(parts.join(head(2, { index: 0, last: true }), "new")).toEqual(whole(2, "new"));
  });

  test("a part that was not kept makes the snapshot incomplete, and no other one", () => {
    const parts = new SnapshotParts();
    const rejected = [{ host: "a.test", path: "/", code: "overloaded" as const, message: "" }];
    parts.join(head(1, { index: 0, last: false }), "one");
    expect(parts.join(head(1, { index: 1, last: false }), rejected)).toBe("more");
    expect([parts.length, parts.named]).toEqual([3, 1]);
    const last = parts.join(head(1, { index: 2, last: true }), "three");
    expect(last).toEqual({ ...whole(1, "one", "three"), rejected, complete: false });
    expect(parts.join(head(2), "four")).toEqual(whole(2, "four"));
  });

  test.each([
    { name: "out of order", next: head(1, { index: 2, last: true }) },
    { name: "of another revision", next: head(2, { index: 1, last: true }) },
  ])("a part that is $name breaks them, and a new start mends them", ({ next }) => {
    const parts = new SnapshotParts();
    parts.join(head(1, { index: 0, last: false }), "one");
    expect(parts.join(next, "two")).toBe("broken");
    expect(parts.length).toBe(0);
    expect(parts.join(head(1, { index: 1, last: true }), "two")).toBe("broken");
    expect(parts.join(head(3, { index: 0, last: true }), "x")).toEqual(whole(3, "x"));
  });
});
