import type { Acme } from "../acme/acme.ts";
import type { HostCare } from "../host-care.ts";
import type { ClaimedHost, Registry } from "../ports.ts";
import { recordOf, SAID_AGAIN } from "./domain-proofs.ts";
import type { Dns } from "./dns.ts";

export interface WhyDomainDeps {
  registry: Pick<Registry, "claimOf">;
  hosts: Pick<HostCare, "names" | "dns" | "folder" | "clusters" | "acme"> & {
    readonly isProofAsked: boolean;
  };
}

/** CNAMEs that follow one another before it is no use to look further. */
const MOST_ALIASES = 8;

/** Everything that a domain needs beside a route: DNS, an owner, a claim, a certificate. JSON. */
export async function whyDomain(deps: WhyDomainDeps, host: string): Promise<object> {
  const [dns, ownership, claim, certificate] = await Promise.all([
    dnsOf(deps, host),
    ownershipOf(deps, host),
    claimOf(deps, host),
    certificateOf(deps, host),
  ]);
  return { dns, ownership, claim, certificate };
}

async function dnsOf({ hosts }: WhyDomainDeps, host: string): Promise<object> {
  if (isLocal(host)) return { says: "a name of this machine: nothing is looked up" };
  const { dns, names } = hosts;
  try {
    const aliases = await aliasesOf(dns, host);
    const addresses = await dns.addresses(host);
    const domains = (await names?.domains()) ?? [];
    const name = [host, ...aliases].find((one) =>
      domains.some((domain) => one.endsWith(`.${domain}`)),
    );
    if (addresses.length === 0) {
      const cname = names ? ` to a name below ${names.domain}` : "";
      const says = `it does not resolve: make it a CNAME${cname}, or give it the addresses of this gateway`;
      return { aliases, addresses, leads_here: false, says };
    }
    if (name !== undefined)
      return {
        aliases,
        addresses,
        leads_here: true,
        says: `it leads to ${name}, a name of this gateway`,
      };
    const ours = names === undefined ? [] : await ownAddresses(dns, names.domain);
    return { aliases, addresses, ...elsewhere({ aliases, addresses, ours }) };
  } catch (reason) {
    const { code = "failed" } = reason as NodeJS.ErrnoException;
    return { says: `DNS could not be asked (${code})` };
  }
}

/** Where names below the gateways' domain lead: a wildcard record does for any of them. */
async function ownAddresses(dns: Dns, domain: string): Promise<string[]> {
  return dns.addresses(`warren.${domain}`).catch(() => []);
}

/** What is no name of this gateway may lead to it all the same. */
function elsewhere({
  aliases,
  addresses,
  ours,
}: Record<"aliases" | "addresses" | "ours", string[]>) {
  const alias =
    aliases.length === 0 ? "" : `a CNAME to ${aliases.at(-1)}, no name of this gateway: `;
  if (ours.length === 0)
    return { says: `${alias}it resolves: compare the addresses with those of this gateway` };
  if (addresses.some((one) => ours.includes(one)))
    return { leads_here: true, says: `${alias}it has the addresses of this gateway` };
  const says = `${alias}it leads elsewhere: names of this gateway have ${ours.join(", ")}`;
  return { leads_here: false, says };
}

async function aliasesOf(dns: Dns, host: string): Promise<string[]> {
  const aliases: string[] = [];
  for (let name = host; aliases.length < MOST_ALIASES; name = aliases.at(-1)!) {
    const next = await dns.cname(name);
    if (next === undefined || aliases.includes(next)) break;
    aliases.push(next);
  }
  return aliases;
}

function proofOfHost(record: string, proofs: string[], claim: ClaimedHost | undefined): string {
  if (claim !== undefined)
    return proofs.length > 0 ? "proved by this TXT record" : "proved by a token that covers it";
  if (proofs.length > 0)
    return `the TXT record is there, for the cluster that it names; its agent says a refused route again ${SAID_AGAIN}`;
  return `not proved yet: by a token that covers it, or make the record ${record} TXT "warren-cluster=<uuid>", which is looked for ${SAID_AGAIN}`;
}

async function ownershipOf({ hosts, registry }: WhyDomainDeps, host: string): Promise<object> {
  const owner = await hosts.names?.ownerOf(host).catch(() => undefined);
  if (owner !== undefined) return { says: `a name of cluster ${owner}` };
  const found = await registry.claimOf(host);
  // What is borrowed nobody has proved.
  const claim = found?.borrowed === true ? undefined : found;
  if (!hosts.isProofAsked || isLocal(host)) {
    const says = "not proved by anybody yet: only a cluster whose token covers it may publish it";
    return { says: claim === undefined ? says : "proved by a token that covers it" };
  }
  const record = recordOf(host);
  try {
    const proofs = (await hosts.dns.txt(record)).filter((text) => text.startsWith("warren-"));
    return { says: proofOfHost(record, proofs, claim), record, proofs };
  } catch (reason) {
    const says = claim === undefined ? "not proved by anybody yet" : "proved before now";
    const { code = "failed" } = reason as NodeJS.ErrnoException;
    return { says, record, problem: `DNS could not be asked (${code})` };
  }
}

async function claimOf({ registry, hosts }: WhyDomainDeps, host: string): Promise<object> {
  if (hosts.acme?.isOwn(host) === true) return { says: "the gateway's own name: nobody's claim" };
  const claim = await registry.claimOf(host);
  if (claim === undefined) return { says: "no cluster has claimed it" };
  const { pattern, group, served } = claim;
  const says = served ? "claimed and published" : "claimed, and nothing is published there now";
  return { says, host: pattern, group };
}

async function certificateOf({ hosts }: WhyDomainDeps, host: string): Promise<object> {
  const { folder, clusters, acme } = hosts;
  if (folder === undefined) return { says: "this gateway terminates no TLS" };
  const found = (
    [
      ["folder", folder],
      ["cluster", clusters],
      ["acme", acme],
    ] as const
  ).find(([, set]) => set?.choose(host) !== undefined);
  const state = acme === undefined ? undefined : await acmeOf(acme, host);
  if (found === undefined) return { says: state?.["says"] ?? "there is none", ...state };
  const [source, set] = found;
  const { expiresAt } = set!.choose(host)!;
  const expires = new Date(expiresAt).toISOString();
  const says = `it has one (${source})`;
  return source === "acme" ? { says, expires, acme: state?.["acme"] } : { says, expires };
}

async function acmeOf(acme: Acme, host: string): Promise<Record<string, unknown>> {
  const { issued, setback, refusal, isUnderWay, isOrderable } = await acme.state(host);
  const last = setback && {
    problem: setback.type,
    detail: setback.detail,
    challenge: setback.challenge,
    failures: setback.failures,
    at: date(setback.at),
    again: date(setback.retryAt),
  };
  const renewal = issued && { renewed_at: date(issued.renewAt) };
  const says = (): string => {
    if (!isOrderable) return "there is none, and no CA would issue one for this name";
    if (isUnderWay) return "it is being ordered";
    if (refusal !== undefined) return `there is none, and none is ordered now: ${refusal}`;
    if (last !== undefined) return `the CA refused it: ${last.detail}`;
    const when = acme.isOwn(host) ? "within a minute" : "when a cluster publishes the host";
    return `there is none: it is ordered ${when}`;
  };
  return { says: says(), ...((last ?? renewal) && { acme: { ...renewal, ...last } }) };
}

function date(ms: number): string {
  return new Date(ms).toISOString();
}

function isLocal(host: string): boolean {
  return !host.includes(".") || /(^|\.)localhost$/.test(host);
}
