import { promMetrics } from "@warren/host";
import { recordingLog, virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { ClusterEvents } from "./cluster-events.ts";

const endpoint = { scheme: "https", host: "192.0.2.1", port: 443 } as const;
const FOUND = { isPrivate: false, why: "public address", endpoint } as const;
const NONE = { isPrivate: true, why: "no ingress controller", endpoint: undefined } as const;

test.each([
  { name: "a public endpoint that was asked for", mode: "direct", type: FOUND, warns: 0 },
  { name: "the tunnel, which needs no endpoint", mode: "tunnel", type: NONE, warns: 0 },
  { name: "direct without an endpoint", mode: "direct", type: NONE, warns: 1 },
  { name: "both without an endpoint", mode: "both", type: NONE, warns: 1 },
] as const)("$name is told with $warns warnings", ({ mode, type, warns }) => {
  const log = recordingLog();
  new ClusterEvents(log, promMetrics(), virtualClock()).reach(type, mode);
  const said = log.lines.filter(({ level }) => level === "warn");
  expect(said).toHaveLength(warns);
  for (const { msg } of said) expect(msg).toContain("through the tunnel");
});
