import { wallClock } from "@warren/host";
import { adminOptions, openAdmin } from "../admin/admin-options.ts";
import { ReadyView, RolloutView, RouteView, TunnelView } from "../admin/views.ts";
import { command } from "../cli/command.ts";
import { jsonOption } from "../cli/options.ts";
import { age, printable, table } from "../cli/table.ts";

export const status = command({
  name: "status",
  usage: "",
  summary: "is the gateway ready, and who is joined to it",
  about: `Asks a running gateway whether it takes new work, and lists the tunnels of its agents.`,
  examples: [
    { run: "warren status", why: "the gateway of this data folder" },
    { run: "warren status --admin http://127.0.0.1:9091 --json", why: "another one, for programs" },
  ],
  options: { ...adminOptions, json: jsonOption },
  words: { least: 0, most: 0 },
  async run(call) {
    const { config, terminal } = call;
    const admin = await openAdmin(call);
    const { ready } = (await admin.get("/readyz", ReadyView)).view;
    const tunnels = await admin.list("/tunnels", TunnelView);
    const routes = (await admin.list("/routes", RouteView)).length;
    const rollout = (await admin.get("/rollout", RolloutView)).view;
    if (config.json) {
      terminal.out(JSON.stringify({ ready, routes, tunnels, rollout }, undefined, 2));
      return;
    }
    const word = ready
      ? terminal.paintOut("green", "ready")
      : terminal.paintOut("yellow", "draining");
    terminal.out(`gateway ${word}, ${count(tunnels.length, "tunnel")}, ${count(routes, "route")}`);
    if (rollout.percent < 100) terminal.out(rolloutText(rollout));
    if (tunnels.length === 0) return;
    const now = wallClock();
    const rows = tunnels.map((one) => [
      one.cluster,
      one.agent_id,
      one.state,
      one.address,
      age(Date.parse(one.since), now),
    ]);
    terminal.out(table(["CLUSTER", "AGENT", "STATE", "FROM", "SINCE"], rows));
    const named = new Map(
      tunnels.map(({ cluster_uuid: uuid, cluster, names }) => [uuid, { cluster, names }]),
    );
    for (const { cluster, names } of named.values())
      if (names.length > 0) terminal.out(`${printable(cluster)} is ${names.join(" and ")}`);
  },
});

function rolloutText({ percent, clusters, fallback, served, of }: RolloutView): string {
  const listed = clusters.length === 0 ? "" : ` and ${count(clusters.length, "listed cluster")}`;
  const others = fallback === null ? "are answered 404 not_enabled" : `are sent to ${fallback}`;
  return `roll-out ${percent} %${listed}: ${served} of ${count(of, "private cluster")} served, the others ${others}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
