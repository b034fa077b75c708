import type { DomainView, WhyView } from "./views.ts";

/** What stands in the way of a URL and what to do about it, the nearest first; nothing where all is well. */
export function hintsOf(view: WhyView): string[] {
  const { domain, served, url } = view;
  const { hostname: host, protocol } = new URL(url);
  return [
    ...(served ? [] : routeHints(view, host)),
    ...(domain === undefined ? [] : nameHints(domain)),
    ...(domain === undefined || protocol !== "https:" ? [] : certificateHints(domain, host)),
  ];
}

function routeHints({ code, domain, message, clusters }: WhyView, host: string): string[] {
  const named = clusters.map(({ cluster, cluster_uuid }) => cluster ?? cluster_uuid).join(", ");
  switch (code) {
    case "no_route":
      return claimHints(domain, host);
    case "not_enabled":
      return [
        `${message ?? "the roll-out leaves its cluster out"}: list the cluster, or raise the percentage`,
      ];
    case "cluster_offline":
      return [
        `no agent of ${named || "its cluster"} has a tunnel: see that agents run there, and their logs (\`warren agent doctor\`)`,
      ];
    case "cluster_reconnecting":
      return [
        `the tunnel of ${named || "its cluster"} is being dialled anew: ask again in a minute`,
      ];
    default:
      return message === undefined ? [] : [message];
  }
}

function claimHints(domain: DomainView | undefined, host: string): string[] {
  if (domain === undefined) return [];
  const { claim, ownership } = domain;
  const { group } = claim;
  if (group === undefined) {
    const why = `no cluster has claimed ${host}: nothing names it there, or it was refused (the agent's log, \`kubectl describe ingress\`)`;
    const { record, proofs = [] } = ownership;
    if (record === undefined || proofs.length > 0) return [why];
    const proof = `"warren-cluster=<uuid>", the uuid of \`warren status --json\``;
    return [
      why,
      `nobody has proved that it is theirs: a token that covers it, or ${record} TXT ${proof}`,
    ];
  }
  const others = `another cluster that asks for it is told host_taken, until \`warren claims release ${claim.host ?? host}\``;
  return claim.says === "claimed and published"
    ? [`claim group ${group} has ${host}, and publishes no such path or method: \`warren routes\``]
    : [`claim group ${group} has claimed ${host} and publishes nothing there now; ${others}`];
}

function nameHints({ dns }: DomainView): string[] {
  return dns.leads_here === false ? [`DNS: ${dns.says}`] : [];
}

function certificateHints({ certificate }: DomainView, host: string): string[] {
  const { acme, expires, says } = certificate;
  if (expires !== undefined) return [];
  const again = acme?.again === undefined ? "" : `; it is tried again at ${acme.again}`;
  return [`certificate of ${host}: ${says}${again} (docs/tls.md)`];
}
