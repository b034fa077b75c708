import { switchOption, wallClock } from "@warren/host";
import { keepsAllOut } from "@warren/wire";
import { adminOptions, openAdmin } from "../admin/admin-options.ts";
import { ClaimView, RouteView, TunnelView } from "../admin/views.ts";
import { command } from "../cli/command.ts";
import { jsonOption } from "../cli/options.ts";
import { age, table } from "../cli/table.ts";

export const routes = command({
  name: "routes",
  usage: "[--claims]",
  summary: "what is published, by whom",
  about: `Lists every route that the gateway knows, of all clusters; with --claims, which group owns which
host, also where nothing is published now.`,
  examples: [
    { run: "warren routes", why: "host, path, cluster and service" },
    { run: "warren routes --claims", why: "who owns a host" },
    { run: "warren routes --json | jq -r '.[].route.host'", why: "for programs" },
  ],
  options: {
    ...adminOptions,
    claims: switchOption({ help: "Owners of hosts instead.", names: { env: false, toml: false } }),
    json: jsonOption,
  },
  words: { least: 0, most: 0 },
  async run(call) {
    const { config, terminal } = call;
    const admin = await openAdmin(call);
    const now = wallClock();
    if (config.claims) {
      const claims = await admin.list("/claims", ClaimView);
      if (config.json) return terminal.out(JSON.stringify(claims, undefined, 2));
      const rows = claims.map((one) => [one.host, one.group, one.tokenId, age(one.since, now)]);
      return terminal.out(table(["HOST", "GROUP", "TOKEN", "SINCE"], rows));
    }
    const list = await admin.list("/routes", RouteView);
    if (config.json) return terminal.out(JSON.stringify(list, undefined, 2));
    // A cluster without a tunnel here has no name here.
    const tunnels = await admin.list("/tunnels", TunnelView);
    const names = new Map(tunnels.map((one) => [one.cluster_uuid, one.cluster]));
    const rows = list.map((one) => row(one, names, now));
    terminal.out(table(["HOST", "PATH", "CLUSTER", "SERVICE", "UPDATED"], rows));
  },
});

function row(
  { route, clusterUuid, publicPort, updatedAt }: RouteView,
  names: ReadonlyMap<string, string>,
  now: number,
): string[] {
  const { kind, host, path, path_type, namespace, service, port } = route;
  const place = kind === "tcp" ? `port ${publicPort ?? "?"}` : host;
  const under = kind === "http" ? `${path}${path_type === "Prefix" ? "*" : ""}` : `(${kind})`;
  const name = namespace === "default" ? service : `${namespace}/${service}`;
  const cluster = names.get(clusterUuid) ?? clusterUuid;
  const to = keepsAllOut(route.policy) ? "(shut)" : `${name}:${port}`;
  return [place, under, cluster, to, age(updatedAt, now)];
}
