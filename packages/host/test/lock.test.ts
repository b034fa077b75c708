import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { processLock } from "../src/index.ts";
import { program } from "./_program.ts";

describe("a process lock", () => {
  test("is held by one, and says by whom", () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    const path = join(folder.path, "new", "agent.lock");
    {
      const first = processLock(path);
      if (!first.held) throw new Error("expected the lock");
      using _held = first;
      expect(processLock(path)).toEqual({ held: false, pid: process.pid });
    }
    const again = processLock(path);
    expect(again.held).toBe(true);
    if (again.held) again[Symbol.dispose]();
  });

  test("of another process holds, and is free as soon as that is killed", async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
    const path = join(folder.path, "agent.lock");
    using other = program("lock", [path]);
    expect(JSON.parse(await other.line())).toEqual({ held: true });
    expect(processLock(path)).toEqual({ held: false, pid: other.child.pid });
    other.child.kill("SIGKILL");
    await other.ended();
    const mine = processLock(path);
    expect(mine.held).toBe(true);
    using another = program("lock", [path]);
    expect(JSON.parse(await another.line())).toEqual({ held: false, pid: process.pid });
    if (mine.held) mine[Symbol.dispose]();
  });
});
