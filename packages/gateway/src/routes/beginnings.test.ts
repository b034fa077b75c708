import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Beginnings } from "./beginnings.ts";

/** Where `front` ends in `path`, found the slow way. */
function endOf(front: string, path: string, isWild: boolean): number | undefined {
  const source = front
    .replace(/[%/]/g, (mark) => `\\u{${mark.charCodeAt(0).toString(16)}}`)
    .replace(/\./g, isWild ? "(?:\\.|%..|[^%.])" : "\\.");
  return new RegExp(`^${source}`, "u").exec(path)?.[0].length;
}

const text = fc.stringMatching(/^(?:[abc/.]|%2a){0,8}$/);

describe.each([{ isWild: false }, { isWild: true }])("beginnings, wild: $isWild", ({ isWild }) => {
  test("are those that a scan finds, whatever came and went", () => {
    const change = fc.record({ front: text, isKept: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.array(text), (changes, paths) => {
        const kept = new Set<string>();
        const beginnings = new Beginnings<string>(isWild);
        for (const { front, isKept } of changes) {
          if (isKept) kept.add(front);
          else kept.delete(front);
          if (isKept) beginnings.set(front, front);
          else beginnings.delete(front);
          expect(beginnings.get(front)).toBe(isKept ? front : undefined);
        }
        for (const path of [...paths, ...changes.map(({ front }) => `${front}a`)]) {
          const found = beginnings.of(path)!.map(({ value, end }) => `${value} ${end}`);
          const wanted = [...kept]
            .map((front) => [front, endOf(front, path, isWild)] as const)
            .filter(([, end]) => end !== undefined);
          expect(found.sort()).toEqual(wanted.map((one) => one.join(" ")).sort());
        }
      }),
    );
  });

  test("cost nothing by those that a path does not begin with", () => {
    const beginnings = new Beginnings<number>(isWild);
    for (let n = 0; n < 10_000; n++) beginnings.set(`/v1/${n}/${"b".repeat(n % 500)}`, n);
    const found = beginnings.of(`/v1/777/${"b".repeat(1_000)}`);
    expect(found!.map(({ value }) => value)).toEqual([777]);
  });

  test("are not compared for ever: a path that begins with a thousand of them is given up", () => {
    const beginnings = new Beginnings<number>(isWild);
    for (let n = 1; n <= 1_000; n++) beginnings.set(`/${"a".repeat(n)}`, n);
    expect(beginnings.of(`/${"a".repeat(1_000)}`)).toBeUndefined();
    expect(beginnings.of("/aaab")).toHaveLength(3);
  });
});

test("dots that are any character are not compared for ever either", () => {
  const beginnings = new Beginnings<number>(true);
  for (let n = 0; n < 1_000; n++) {
    const shuffled = Array.from({ length: 900 }, (_, at) => ((at * (n + 7)) % 11 < 5 ? "." : "a"));
    beginnings.set(`/${n % 2 === 0 ? "." : "a"}${shuffled.join("")}${n}`, n);
  }
  expect(beginnings.of(`/${"a".repeat(1_000)}`)).toBeUndefined();
});
