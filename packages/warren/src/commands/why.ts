import { option, Text } from "@warren/host";
import { adminOptions, openAdmin } from "../admin/admin-options.ts";
import { command, scoped, usage } from "../cli/command.ts";
import { jsonOption } from "../cli/options.ts";
import { WhyView } from "../admin/views.ts";
import { hintsOf } from "../admin/hints.ts";
import { outline } from "../cli/outline.ts";
import { printable } from "../cli/table.ts";

export const why = command({
  name: "why",
  usage: "<url>",
  summary: "which route, cluster, gateway, agent and policy would serve a URL",
  about: `Asks a running gateway what it would do with a request for a URL, and why: which route matches,
which cluster and agent would be chosen, and what stands in the way: nobody has claimed the host, its cluster is
offline or left out of a roll-out, DNS, ownership, the certificate. Ends with 1 where nothing would serve it.`,
  examples: [
    { run: "warren why http://hello.localhost:8080/", why: "the demo of `warren up`" },
    { run: "warren why https://app.example.com/api/users --method POST", why: "another method" },
  ],
  options: {
    ...adminOptions,
    ...scoped("why", {
      method: option({ value: "<method>", schema: Text, default: "GET", help: "Of the request." }),
    }),
    json: jsonOption,
  },
  words: { least: 1, most: 1 },
  async run(call) {
    const [said = ""] = call.positionals;
    const url = said.includes("://") ? said : `http://${said}`;
    if (!/^(http|ws)s?:$/.test(URL.parse(url)?.protocol ?? ""))
      throw usage("why", [`expected a URL like http://app.example.com/path, got "${said}"`]);
    const admin = await openAdmin(call);
    const query = new URLSearchParams({ url, method: call.config.method });
    const { answer, view } = await admin.get(`/why?${query.toString()}`, WhyView);
    const { out } = call.terminal;
    const end = view.served ? "ok" : "failed";
    if (call.config.json) {
      out(JSON.stringify(answer, undefined, 2));
      return end;
    }
    out(printable(verdict(view)));
    for (const hint of hintsOf(view)) out(`  ${printable(hint)}`);
    out(`\n${outline(answer)}`);
    return end;
  },
});

/** The whole answer in a sentence; what follows says why. */
function verdict({ url, served, status, code, redirect, clusters }: WhyView): string {
  if (!served) return `${url} is not served: ${status ?? 503} ${code ?? "cluster_offline"}`;
  if (redirect !== undefined) return `${url} is redirected by the gateway itself: ${redirect}`;
  const chosen = clusters.find(
    ({ agents, direct }) => direct?.usable === true || agents.some(({ usable }) => usable),
  );
  const agent = chosen?.agents.find(({ usable }) => usable);
  const cluster = chosen?.cluster ?? chosen?.cluster_uuid;
  if (agent === undefined)
    return `${url} is served by cluster ${cluster}, at its own endpoint ${chosen?.direct?.endpoint}`;
  return `${url} is served by cluster ${cluster}, through agent ${agent?.agent_id} at gateway ${agent?.gateway}`;
}
