import { wallClock } from "@warren/host";
import { adminOptions, openAdmin } from "../admin/admin-options.ts";
import { ReadyView, RolloutView, RouteView, TunnelView } from "../admin/views.ts";
import { clustersOf, openOf, type ClusterLine } from "../admin/cluster-lines.ts";
import { command } from "../cli/command.ts";
import { jsonOption } from "../cli/options.ts";
import { age, printable, table } from "../cli/table.ts";

export const status = command({
  name: "status",
  usage: "",
  summary: "is the gateway ready, and who is joined to it",
  about: `Asks a running gateway whether it takes new work, and lists the clusters that have routes or tunnels here, as
their agents say what they are, and the tunnels of their agents. Routes that a cluster wants and that are not in
force were refused: Events of its Ingresses and the agent's log say why. Places that are shut are no routes: an
Ingress that is left out is not reached through its controller.`,
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
    const all = await admin.list("/routes", RouteView);
    const routes = openOf(all).length;
    const rollout = (await admin.get("/rollout", RolloutView)).view;
    const clusters = clustersOf(tunnels, all);
    if (config.json) {
      terminal.out(JSON.stringify({ ready, routes, clusters, tunnels, rollout }, undefined, 2));
      return;
    }
    const word = ready
      ? terminal.paintOut("green", "ready")
      : terminal.paintOut("yellow", "draining");
    terminal.out(`gateway ${word}, ${count(tunnels.length, "tunnel")}, ${count(routes, "route")}`);
    if (rollout.percent < 100) terminal.out(rolloutText(rollout));
    const now = wallClock();
    if (clusters.length > 0) terminal.out(`${clusterTable(clusters, now)}\n`);
    if (tunnels.length === 0) return;
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

function clusterTable(clusters: readonly ClusterLine[], now: number): string {
  const rows = clusters.map((one) => [
    one.cluster,
    one.type,
    one.modes.join(", ") || "-",
    `${one.agents_connected} of ${one.agents}`,
    routesText(one),
    one.synced_at === null ? "-" : age(Date.parse(one.synced_at), now),
  ]);
  return table(["CLUSTER", "TYPE", "MODE", "AGENTS", "ROUTES", "SYNCED"], rows);
}

function routesText({ routes, routes_refused: refused, routes_shut: shut }: ClusterLine): string {
  const more = [
    ...(refused === 0 ? [] : [`${refused} refused`]),
    ...(shut === 0 ? [] : [`${shut} shut`]),
  ];
  return more.length === 0 ? String(routes) : `${routes} (${more.join(", ")})`;
}

function rolloutText({ percent, clusters, fallback, served, of }: RolloutView): string {
  const listed = clusters.length === 0 ? "" : ` and ${count(clusters.length, "listed cluster")}`;
  const others = fallback === null ? "are answered 404 not_enabled" : `are sent to ${fallback}`;
  return `roll-out ${percent} %${listed}: ${served} of ${count(of, "private cluster")} served, the others ${others}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
