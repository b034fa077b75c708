// What helm says once it has installed.
import { describe, expect, test } from "vitest";
import { openCluster } from "./_kit/cluster.ts";
import { CHART, exampleFlags, helm, setFlags } from "./_kit/helm.ts";

const PROXIES = /chat\.trustedProxies is empty/;

/** Kinds that this cluster does not have. */
const OFF = {
  "monitoring.serviceMonitor.enabled": false,
  "monitoring.rules.enabled": false,
  "agent.kube.createGatewayClass": false,
};

async function notesOf(flags: readonly string[]): Promise<string> {
  await using cluster = await openCluster();
  const way = ["--dry-run=client", "--disable-openapi-validation", "-n", "own"];
  const words = ["install", "edge", CHART, ...way, ...flags, ...setFlags(OFF)];
  const { code, out, err } = await cluster.run(helm!, words);
  expect([code, err]).toEqual([0, ""]);
  return out.slice(out.indexOf("NOTES:"));
}

describe.skipIf(helm === undefined)("notes", () => {
  test("say where everything is, and what to ask it", async () => {
    const notes = await notesOf(exampleFlags("everything-values.yaml"));
    for (const line of [
      "kubectl -n own get service edge-warren-gateway",
      "kubectl -n own exec deployment/edge-warren-gateway -- warren status",
      "kubectl -n own exec deployment/edge-warren-agent -- warren agent doctor",
      "http://chatbox-websocket.own:80/chat",
      "Its Secret chat-secrets must have JWT_SECRET and ENCRYPTION_KEY",
      "It must have MONGO_URI too",
    ])
      expect(notes).toContain(line);
  });

  test("of a gateway with keys of its own say how a token is made", async () => {
    const token = "exec deployment/edge-warren-gateway -- warren token create";
    expect(await notesOf(exampleFlags("gateway-values.yaml"))).toContain(token);
    expect(await notesOf(exampleFlags("gateways-values.yaml"))).not.toContain(token);
  });

  test("say what to turn on where nothing is", async () => {
    expect(await notesOf([])).toContain("Nothing is on");
  });

  test.each(["chat-values.yaml", "chat-small-values.yaml"])(
    "of %s say it where its clients would all be one",
    async (example) => {
      const flags = exampleFlags(example);
      const none = setFlags({ "chat.trustedProxies": [] });
      expect(await notesOf(flags)).not.toMatch(PROXIES);
      expect(await notesOf([...flags, ...none])).toMatch(PROXIES);
      const bare = setFlags({ "chat.ingress.enabled": false, "chat.ingress.clusterIssuer": "" });
      expect(await notesOf([...flags, ...none, ...bare])).not.toMatch(PROXIES);
    },
  );
});
