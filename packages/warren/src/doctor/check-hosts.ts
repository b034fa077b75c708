import type { AgentConfig } from "@warren/agent";
import type { Asked } from "./cluster-doors.ts";
import { warn, type Finding } from "./finding.ts";

const MOST_NAMED = 10;

/**
 * Objects of the cluster that ask for a host of the agent's own configuration, which no object has
 * (docs/decisions/0432). One finding for each such host.
 */
export function checkHosts(
  publications: AgentConfig["publications"],
  asked: readonly Asked[],
  shared: readonly string[],
): Finding[] {
  const own = publications.map(({ route }) => (route.kind === "tcp" ? "" : (route.host ?? "")));
  const hosts = new Set(own.map((host) => host.toLowerCase()));
  const isLetIn = ({ namespaces }: Asked) =>
    shared.includes("*") || namespaces.some((one) => shared.includes(one));
  const refused = asked.filter((one) => hosts.has(one.host) && !isLetIn(one));
  return [...Map.groupBy(refused, ({ host }) => host)].map(([host, all]) => {
    const names = [...new Set(all.map(({ by }) => by))];
    const more = names.length > MOST_NAMED ? [`${names.length - MOST_NAMED} more`] : [];
    const who = [...names.slice(0, MOST_NAMED), ...more].join(", ");
    const said = `is of this agent's own services, and refused to ${who}`;
    const [namespace] = all[0]!.namespaces;
    const todo = `take it out of the agent's services, or let the namespace have other paths there: --kube-share-host ${namespace}`;
    return warn(`host ${host}`, said, todo);
  });
}
