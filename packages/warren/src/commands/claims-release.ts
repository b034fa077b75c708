import { ExitError, option, switchOption, Text } from "@warren/host";
import * as v from "valibot";
import type { AdminClient } from "../admin/admin-client.ts";
import { adminOptions, openAdmin } from "../admin/admin-options.ts";
import { TunnelView } from "../admin/views.ts";
import { command, usage } from "../cli/command.ts";
import { jsonOption } from "../cli/options.ts";

const onlyHere = { env: false, toml: false } as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const Released = v.looseObject({ released: v.number() });

export const claimsRelease = command({
  name: "claims release",
  usage: "<host> | --unused",
  summary: "give a host up, for another group to claim",
  about: `A host belongs to the group that published it first, also after its routes are gone. Releasing it
lets the next group that publishes it have it. \`warren routes --claims\` lists who has what. With --unused
all hosts and public ports without routes go; what a cluster had that is away for less than a day stays,
unless --cluster names it.`,
  examples: [
    { run: "warren claims release app.example.com", why: "it moves to another cluster" },
    { run: "warren claims release --unused", why: "a claim group is full" },
    { run: "warren claims release --unused --cluster old", why: "a cluster is gone for good" },
  ],
  options: {
    ...adminOptions,
    unused: switchOption({ help: "All that have no routes instead.", names: onlyHere }),
    cluster: option({
      value: "<name>",
      schema: Text,
      help: "With --unused: those that this cluster had last; its uuid where it has no tunnel.",
      names: onlyHere,
    }),
    json: jsonOption,
  },
  words: { least: 0, most: 1 },
  async run(call) {
    const [host] = call.positionals;
    const { unused, cluster, json } = call.config;
    if (unused === (host !== undefined)) throw wrong("say a host, or --unused");
    if (cluster !== undefined && !unused) throw wrong("--cluster goes with --unused");
    const admin = await openAdmin(call);
    const path =
      host === undefined ? await unusedOf(admin, cluster) : `/claims/${encodeURIComponent(host)}`;
    const done = await admin.change("DELETE", path);
    if (json) return call.terminal.out(JSON.stringify(done));
    if (host !== undefined) return call.terminal.note(`${host} is free`);
    const { released } = v.parse(Released, done);
    call.terminal.note(`${released} ${released === 1 ? "claim" : "claims"} released`);
  },
});

async function unusedOf(admin: AdminClient, cluster: string | undefined): Promise<string> {
  const path = "/claims?unused=true";
  if (cluster === undefined) return path;
  const tunnels = await admin.list("/tunnels", TunnelView);
  const uuids = tunnels.filter((one) => one.cluster === cluster).map((one) => one.cluster_uuid);
  if (new Set(uuids).size > 1)
    throw new ExitError("failed", `several clusters are called ${cluster}: say the uuid of one`);
  const [uuid = cluster] = uuids;
  if (uuids.length === 0 && !UUID.test(cluster))
    throw new ExitError("failed", `no cluster called ${cluster} has a tunnel here: say its uuid`);
  return `${path}&cluster=${encodeURIComponent(uuid)}`;
}

function wrong(problem: string): ExitError {
  return usage("claims release", [problem]);
}
