import { expect, test } from "vitest";
import { unpinned } from "./unpinned.ts";

test.each([
  { name: "a few bytes of a large buffer are copied", bytes: 1_000, of: 131_072, copied: true },
  { name: "half of one stays", bytes: 65_536, of: 131_072, copied: false },
  { name: "all of one stays", bytes: 1_000, of: 1_000, copied: false },
])("$name", ({ bytes, of, copied }) => {
  const chunk = new Uint8Array(of).subarray(of - bytes).fill(7);
  const kept = unpinned(chunk);
  expect(kept === chunk).toBe(!copied);
  // A copy lies alone, or among other small ones in a page of the runtime.
  if (copied) expect(kept.buffer.byteLength).toBeLessThan(of);
  expect(Buffer.compare(kept, chunk)).toBe(0);
});
