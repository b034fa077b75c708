import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openAgentSlot } from "./agent-slot.ts";

test("two at once are two agents; who comes after gets the names of who left", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
  using first = await openAgentSlot(folder.path, "expose");
  const second = await openAgentSlot(folder.path, "expose");
  expect(second.agentId).not.toBe(first.agentId);
  expect(second.clusterUuid).not.toBe(first.clusterUuid);
  second[Symbol.dispose]();
  using third = await openAgentSlot(folder.path, "expose");
  expect(third.agentId).toBe(second.agentId);
  expect(third.clusterUuid).toBe(second.clusterUuid);
});

test("another command has slots of its own", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "warren-"));
  using expose = await openAgentSlot(folder.path, "expose");
  using agent = await openAgentSlot(folder.path, "agent");
  expect(agent.agentId).not.toBe(expose.agentId);
});
