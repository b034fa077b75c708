import { hostsOf, MOST_PLACES } from "./ingress/places.ts";
import type { Ingress } from "./objects.ts";
import { parentOf } from "./published-hosts.ts";

/** What `spec.tls` of an Ingress is held against. */
export interface RuleHosts {
  /** The hosts of its rules, and the wildcards that stand for them. */
  readonly names: ReadonlySet<string>;
  /** `spec.tls` names more hosts than count. */
  readonly isCut: boolean;
}

/** A Secret that an object names, and for which hosts. */
export interface CertificateUse {
  /** `namespace/name`. */
  readonly secret: string;
  /** In lower case; `*.` stands for one label. */
  readonly hosts: ReadonlySet<string>;
  /** Of a Gateway: through which of its listeners. */
  readonly listener: string | undefined;
  /** Of an Ingress. */
  readonly rules: RuleHosts | undefined;
  /**
   * The namespaces whose say at a host that `object` publishes is the use's too; undefined where it has
   * none. Asked for anew each time.
   */
  readonly speaksFor: (object: string) => ReadonlySet<string> | undefined;
}

/** With the object that names it: `namespace/name Kind`, created then. */
export interface NamedUse extends CertificateUse {
  readonly object: string;
  readonly age: number;
}

/**
 * What `spec.tls` names, each Secret once; of very many hosts the first, as of its rules: each costs whenever
 * one of them is published. `publishes`: whether any of the Ingress is published.
 */
export function usesOf(ingress: Ingress, publishes: () => boolean): CertificateUse[] {
  const { namespace = "default" } = ingress.metadata;
  const named = new Map<string, Set<string>>();
  let room = MOST_PLACES;
  const ofRules = hostsOf(ingress, []);
  for (const { secret, host } of namedBy(ingress, ofRules)) {
    if (room-- === 0) break;
    named.set(secret, (named.get(secret) ?? new Set()).add(host));
  }
  const names = new Set(ofRules.flatMap((host) => [host, `*.${parentOf(host)}`]));
  const rules = { names, isCut: room < 0 };
  const own = new Set([namespace]);
  const inside = `${namespace}/`;
  const speaksFor = (object: string): ReadonlySet<string> | undefined =>
    object.startsWith(inside) && publishes() ? own : undefined;
  return [...named].map(([name, hosts]) => ({
    secret: `${namespace}/${name}`,
    hosts,
    listener: undefined,
    rules,
    speaksFor,
  }));
}

function* namedBy({ spec }: Ingress, ofRules: readonly string[]) {
  for (const { secretName: secret = "", hosts = [] } of spec?.tls ?? []) {
    if (secret === "") continue;
    // An entry that names no host is for all of the Ingress's.
    for (const host of hosts.length > 0 ? hosts : ofRules)
      if (host !== "") yield { secret, host: host.toLowerCase() };
  }
}
