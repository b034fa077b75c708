import { loadConfig } from "@warren/host";
import { expect, test } from "vitest";
import { reachOptions, readReach } from "./reach-options.ts";

function read(...argv: string[]) {
  const loaded = loadConfig(reachOptions, { argv, env: {}, file: undefined, all: [] });
  return loaded.ok ? readReach(loaded.config) : loaded.problems;
}

test("unless told otherwise public endpoints are dialled and all clusters are served", () => {
  expect(read()).toEqual({
    direct: { allow: [], caFile: undefined },
    rollout: { percent: 100, clusters: [], fallback: undefined },
  });
});

test("what is said is what is set", () => {
  const uuid = "AAAAAAAA-1111-4111-8111-111111111111";
  const roll = ["--rollout-percent", "25", "--rollout-cluster", uuid];
  const fallback = ["--rollout-fallback", "https://{host}.old.example.com:8443/"];
  expect(read("--no-direct", ...roll, ...fallback)).toEqual({
    direct: undefined,
    rollout: {
      percent: 25,
      clusters: [uuid.toLowerCase()],
      fallback: "https://{host}.old.example.com:8443",
    },
  });
});

test.each([
  { name: "a percentage beyond 100", argv: ["--rollout-percent", "101"] },
  { name: "a cluster's name", argv: ["--rollout-cluster", "home"] },
  { name: "a fallback without a scheme", argv: ["--rollout-fallback", "old.example.com"] },
  { name: "a fallback with a path", argv: ["--rollout-fallback", "https://old.example.com/path"] },
  { name: "a fallback of another kind", argv: ["--rollout-fallback", "wss://old.example.com"] },
  { name: "a network that is none", argv: ["--direct-allow", "10.0.0.0/33"] },
])("$name is refused", ({ argv }) => {
  expect(read(...argv)).toEqual([expect.stringContaining(argv[0]!)]);
});
