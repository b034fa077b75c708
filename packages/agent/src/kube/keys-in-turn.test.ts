import { describe, expect, test } from "vitest";
import { KeysInTurn } from "./keys-in-turn.ts";

function taken(keys: KeysInTurn): string[] {
  const all: string[] = [];
  for (let key = keys.take(); key !== undefined; key = keys.take()) all.push(key);
  return all;
}

describe("keys", () => {
  test("come out each once, namespaces in turn, in their order within one", () => {
    const keys = new KeysInTurn();
    for (const key of ["a/1", "a/2", "a/3", "b/1", "a/1", "c/1", "c/2"]) keys.add(key);
    expect(keys.size).toBe(6);
    expect(taken(keys)).toEqual(["a/1", "b/1", "c/1", "a/2", "c/2", "a/3"]);
    expect([keys.size, keys.take()]).toEqual([0, undefined]);
  });

  test("that come back while others are taken out are the last of their namespace", () => {
    const keys = new KeysInTurn();
    for (const key of ["a/1", "a/2", "b/1 HTTPRoute"]) keys.add(key);
    expect(keys.take()).toBe("a/1");
    keys.add("a/1");
    expect([keys.has("a/1"), keys.has("b/2")]).toEqual([true, false]);
    expect(taken(keys)).toEqual(["b/1 HTTPRoute", "a/2", "a/1"]);
    keys.add("a/1");
    expect(taken(keys)).toEqual(["a/1"]);
  });

  test("that are taken out of turn leave the others in theirs", () => {
    const keys = new KeysInTurn();
    for (const key of ["a/1", "a/2", "a/3", "b/1", "c/1"]) keys.add(key);
    expect(keys.take()).toBe("a/1");
    expect(["a/2", "a/2", "b/1", "d/1"].map((key) => keys.delete(key))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect([keys.size, keys.has("a/2")]).toEqual([2, false]);
    expect(taken(keys)).toEqual(["c/1", "a/3"]);
  });
});
