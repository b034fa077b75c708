import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KeptFile } from "./kept.ts";
import type { Kept } from "./registry/memory.ts";

test("what is kept is read as it was, with which hosts are borrowed", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "warren-kept-"));
  const claim = { host: "a.test", group: "g", clusterUuid: "c", tokenId: "t", since: 1 };
  const claims = [claim, { ...claim, host: "b.test", borrowed: true as const }];
  const kept: Kept = { claims, revoked: ["x"], ports: [["c key", 7000]] };
  const failures: unknown[] = [];
  const file = new KeptFile(folder.path, (error) => failures.push(error));
  file.keep(kept);
  await file.settled();
  expect(failures).toEqual([]);
  expect(await new KeptFile(folder.path, () => {}).read()).toEqual(kept);
});
