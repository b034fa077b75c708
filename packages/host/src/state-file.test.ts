import { mkdtempDisposableSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { readState, writeState } from "./state-file.ts";

const State = v.object({ id: v.string() });

describe("a state file", () => {
  test("is read as it was written, by its owner alone, with nothing left beside it", async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    const path = join(folder.path, "deep", "state.json");
    expect(await readState(path, State)).toBeUndefined();
    await writeState(path, { id: "one" });
    await writeState(path, { id: "two" });
    expect(await readState(path, State)).toEqual({ id: "two" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder.path, "deep"))).toEqual(["state.json"]);
  });

  test("of many writers at once is one of theirs, whole", async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    const path = join(folder.path, "state.json");
    const ids = Array.from({ length: 20 }, (_, i) => `writer ${i} `.repeat(500));
    await Promise.all(ids.map((id) => writeState(path, { id })));
    expect(ids).toContain((await readState(path, State))?.id);
    expect(readdirSync(folder.path)).toEqual(["state.json"]);
  });

  test.each(["{", '{"id": 1}'])("that does not fit (%s) is an error and stays", async (text) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    const path = join(folder.path, "state.json");
    writeFileSync(path, text);
    await expect(readState(path, State)).rejects.toThrow("state.json is damaged");
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  test("that cannot be replaced leaves the old one and no temporary file", async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    const path = join(folder.path, "state.json");
    await writeState(path, { id: "old" });
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    await expect(writeState(path, loop)).rejects.toThrow("circular");
    expect(await readState(path, State)).toEqual({ id: "old" });
    expect(readdirSync(folder.path)).toEqual(["state.json"]);
  });
});
